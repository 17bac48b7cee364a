"""Which topic goes where in SkyPortal: names, criteria and ids."""
