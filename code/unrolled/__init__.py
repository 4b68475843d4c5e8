"""Recurrent networks from equations to running code: the package behind the book."""

__version__ = "0.1.0"
