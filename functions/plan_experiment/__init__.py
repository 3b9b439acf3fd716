"""The plan-experiment stage."""
