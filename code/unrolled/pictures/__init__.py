"""Everything that is drawn: diagrams, plots, and the figure that both become."""
