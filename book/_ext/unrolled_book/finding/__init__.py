"""How a page is found: its address, its card, the site map and the search; and the links out."""
