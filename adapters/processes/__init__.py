"""Long-lived processes and their parts: queue-worker, exporter, checks of environments."""
