"""What is learned: data, the arrays made of it, and the score. No framework is imported here."""
