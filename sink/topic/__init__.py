"""The local topic: reading it as a member of the group, and which offsets may be passed."""
