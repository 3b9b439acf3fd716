"""Functions that exist only to be measured."""
