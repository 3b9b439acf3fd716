"""The act function."""
