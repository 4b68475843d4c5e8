"""What an author can write in a page: directives, roles and formulas."""
