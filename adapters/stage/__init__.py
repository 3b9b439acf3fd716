"""The wrapper around every function's handler, and what it gives to the handler.

A stage's handler is pure but for the services that this wing hands to it.
"""
