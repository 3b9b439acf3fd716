"""Clients on a stack in memory."""

from pathlib import Path

import pytest

from faastraingym.client.client import Client
from tests.client.memory import Stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.chdir(tmp_path)
    return Stack(tmp_path)


@pytest.fixture
def client(stack: Stack) -> Client:
    return stack.client()
