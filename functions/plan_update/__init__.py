"""The plan-update stage."""
