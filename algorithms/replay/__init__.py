"""Replay without a server: the run's own trajectories, named by a range of versions and sampled.

Pure NumPy; whoever updates fetches what a sample touches (`adapters/stage/replayed.py`).
"""
