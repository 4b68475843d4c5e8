"""Recorded runs: which ones there are, how they are produced, where they are stored."""
