"""Networks by one description, for every algorithm: NumPy's to act, Flax's to learn."""
