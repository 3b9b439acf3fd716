"""Fixtures for everybody: real servers."""

import os

os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts

pytest_plugins = ["tests.callbacks", "tests.servers"]
