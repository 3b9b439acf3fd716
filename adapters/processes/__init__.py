"""Long-lived processes and what they are made of: queue-worker, exporter, checks of environments.

Each is started with `python -m`.
"""
