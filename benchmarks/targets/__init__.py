"""Time and steps to a target, beside the peers: ten seeds, any algorithm, a file for each row."""
