"""Replay without a server: the run's own trajectories, named by a range of versions and sampled.

Pure NumPy; the updating stage fetches a sample's trajectories (`adapters/stage/replayed.py`).
"""
