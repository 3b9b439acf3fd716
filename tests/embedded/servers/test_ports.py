"""Ports of a stack."""

import socket
from pathlib import Path

from embedded.servers.ports import choose, is_free


def test_ports_are_free_different_and_remembered(tmp_path: Path) -> None:
    """The second time they are the same."""
    file = tmp_path / "ports.json"
    ports = choose(file, ["a", "b", "c"], {"b": 10_000})
    assert len(set(ports.values())) == 3
    assert all(is_free(port) for port in [*ports.values(), ports["b"] + 10_000])
    assert choose(file, ["a", "b", "c"], {"b": 10_000}) == ports


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    """All are chosen anew."""
    file = tmp_path / "ports.json"
    ports = choose(file, ["a"], {})
    with socket.create_server(("127.0.0.1", ports["a"])):
        assert not is_free(ports["a"])
        assert choose(file, ["a"], {})["a"] != ports["a"]
