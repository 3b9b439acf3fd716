"""How one message reaches its function: attempts, retries, limits, fair scheduling, dead letters.

The queue-worker runs this code; no module of it knows the meaning of a message for its run.
"""
