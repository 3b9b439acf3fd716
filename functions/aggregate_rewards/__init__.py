"""The aggregate-rewards stage."""
