"""The conclude-run stage."""
