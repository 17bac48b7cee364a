"""What tests of several packages share; one file for each outside system."""
