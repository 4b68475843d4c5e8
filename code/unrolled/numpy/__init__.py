"""The reference: every cell and model in plain NumPy, forward and backward by hand."""
