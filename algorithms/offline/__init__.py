"""Experience that another policy, or another run, collected: as episodes and as a stream."""
