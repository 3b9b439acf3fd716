"""HTTP between our processes: client, signatures, admission, callbacks.

Only this wing opens HTTP connections.
"""
