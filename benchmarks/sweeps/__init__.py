"""A grid with one command, beside Ray Tune and Optuna: whole, and killed half way."""
