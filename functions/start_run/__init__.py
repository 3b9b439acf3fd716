"""The start-run stage."""
