"""The code that algorithms which learn by replay share; all of it imports JAX."""
