"""Measured runs: which there are, how they are obtained, where they are kept."""
