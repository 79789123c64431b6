"""Files of each kind as sections of sentences."""
