"""What the routes need in SkyPortal: looked up, made where the bot may, and else said who has to make it, and how."""
