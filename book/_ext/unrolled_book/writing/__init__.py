"""What an author can use in a page: directives, roles and formulas."""
