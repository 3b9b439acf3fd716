"""The function env-step."""
