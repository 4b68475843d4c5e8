"""How a page becomes final, on its way from the templates to the file."""
