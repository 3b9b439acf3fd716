"""Long-lived processes and their parts: queue-worker, exporter, checks of environments.

Each is started with `python -m`.
"""
