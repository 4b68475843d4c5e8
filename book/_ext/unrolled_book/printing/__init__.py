"""Pages and the whole book on paper."""
