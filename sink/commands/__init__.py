"""The commands of ``python -m sink``: a file for each, which reads options, and says what came of it."""
