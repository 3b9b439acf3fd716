"""Fixtures for everybody: real servers."""

pytest_plugins = ["tests.servers"]
