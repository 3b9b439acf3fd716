"""Clients of servers (NATS, S3, HTTP), and the processes that are wired from them.

Each adapter keeps one port of events/ports.py; one contract suite tests the fake and the real one.
"""
