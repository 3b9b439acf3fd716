"""Clients of servers (NATS, S3, HTTP) behind events/ports.py, and the processes that use them."""
