"""Replay without a server: the run's own trajectories, named by a range of versions and sampled.

`specification` is data alone, the others are NumPy; the updating stage fetches a window's
trajectories (`adapters/stage/replayed.py`).
"""
