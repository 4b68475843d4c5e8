"""What the chapters measure on models and cells."""
