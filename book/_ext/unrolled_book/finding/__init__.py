"""How a page is found: its address, its card, the site map, the search; and outgoing links."""
