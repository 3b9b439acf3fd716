"""Ports of a stack."""

import socket
from pathlib import Path

import pytest

from faastraingym.embedded.errors import StackError
from faastraingym.embedded.servers import ports, weed_ports
from faastraingym.embedded.servers.ports import choose, is_free


def test_ports_are_free_different_and_remembered(tmp_path: Path) -> None:
    """The second time they are the same."""
    chosen = choose(tmp_path, ["a", "b", "c"], {"b": 10_000}, {})
    assert len(set(chosen.values())) == 3
    assert all(is_free(port) for port in [*chosen.values(), chosen["b"] + 10_000])
    assert choose(tmp_path, ["a", "b", "c"], {"b": 10_000}, {}) == chosen


def test_a_port_above_another_is_nobody_else_s(tmp_path: Path) -> None:
    """With 600 names some would meet by chance."""
    names = [str(number) for number in range(600)]
    chosen = choose(tmp_path, names, dict.fromkeys(names, 7), {})
    assert len({port + gap for port in chosen.values() for gap in (0, 7)}) == 2 * len(names)


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    """All are chosen anew."""
    chosen = choose(tmp_path, ["a"], {}, {})
    with socket.create_server(("127.0.0.1", chosen["a"])):
        assert not is_free(chosen["a"])
        assert choose(tmp_path, ["a"], {}, {})["a"] != chosen["a"]


def test_a_port_whose_socket_is_another_users_is_taken(tmp_path: Path) -> None:
    """A directory stands for what we cannot remove; what is ours is removed."""
    sockets = {"a": f"{tmp_path}/a-{{}}.sock"}
    chosen = choose(tmp_path, ["a"], {"a": 1}, sockets)
    name = tmp_path / f"a-{chosen['a'] + 1}.sock"
    name.touch()
    assert choose(tmp_path, ["a"], {"a": 1}, sockets) == chosen
    assert not name.exists()
    name.mkdir()
    assert choose(tmp_path, ["a"], {"a": 1}, sockets) != chosen


def test_no_port_left_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StackError, match=r"No free port .* stop something"):
        choose(tmp_path, ["a"], {}, {"a": f"{tmp_path}/taken"})


def test_a_damaged_file_of_ports_costs_new_ports(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert ports.of_home(tmp_path) == {}
    chosen = choose(tmp_path, ["a"], {}, {})
    assert ports.of_home(tmp_path) == chosen


def test_every_grpc_of_weed_has_a_socket() -> None:
    """By the names of its ports, so that a port and its socket are chosen together."""
    assert weed_ports.SOCKETS.keys() <= set(weed_ports.PORTS)
    assert weed_ports.SOCKETS["weed-filer-grpc"].endswith("/seaweedfs-filer-grpc-{}.sock")
    assert len(set(weed_ports.SOCKETS.values())) == len(weed_ports.PLANES)
