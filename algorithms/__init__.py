"""Pure numerics: environments, actors, learners, reward transforms. No I/O.

Actors and environments are NumPy alone; only a learner imports JAX.
"""
