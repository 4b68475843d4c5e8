"""The reference in plain NumPy: every cell and model, written by hand."""
