"""Pages as notebooks: how their outputs are cached, and how a reader downloads them."""
