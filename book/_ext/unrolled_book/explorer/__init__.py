"""The models that run live in a page."""
