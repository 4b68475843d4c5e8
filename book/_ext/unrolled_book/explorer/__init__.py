"""The models that answer live in a page."""
