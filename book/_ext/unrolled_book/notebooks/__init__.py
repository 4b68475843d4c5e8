"""Pages as notebooks: how their outputs are kept, and how a reader takes them home."""
