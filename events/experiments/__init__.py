"""What follows what in an experiment: its trials, their rungs, and who goes on: pure."""
