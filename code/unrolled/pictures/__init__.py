"""Everything drawn: diagrams, plots, and the figure that both become."""
