"""A user's own function, as anybody may ask it."""
