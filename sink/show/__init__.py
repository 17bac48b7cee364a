"""One object: its records in the local topic and what SkyPortal holds of it, side by side."""
