"""The wrapper around every function's handler, and the services that it gives to the handler."""
