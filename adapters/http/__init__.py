"""HTTP between our processes: client, signatures, admission, callbacks."""
