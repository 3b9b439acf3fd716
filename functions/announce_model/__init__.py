"""The announce-model stage."""
