"""What a chapter measures of models and cells."""
