"""The commands of ``python -m processor``: a file for each, which reads options, and says what came of it."""
