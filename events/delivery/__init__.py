"""How one message reaches its function: attempts, retries, limits, fair scheduling, dead letters.

The queue-worker runs what stands here; nothing in this wing knows what a message means to its run.
"""
