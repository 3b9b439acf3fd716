"""The update-policy stage."""
