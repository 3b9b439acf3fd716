import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faastraingym.adapters.disk import STACK_VARIABLE
from faastraingym.adapters.http.callers import CALLER_TOKENS
from faastraingym.client import target
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.servers import servers
from faastraingym.client.target import Server
from faastraingym.embedded.state import ChildState, StackFiles, StackState

CLUSTER = {
    "OPENFAAS_URL": "https://gateway.example/",
    "OPENFAAS_PASSWORD": "p1",
    "FAASTRAIN_NATS_URL": "tls://nats.example:4222",
    "FAASTRAIN_NATS_USER": "u2",
    "FAASTRAIN_NATS_PASSWORD": "p2",
    "FAASTRAIN_S3_URL": "https://s3.example",
    "FAASTRAIN_S3_ACCESS_KEY": "u3",
    "FAASTRAIN_S3_SECRET_KEY": "p3",
}


def stack_at(home: Path) -> StackState:
    (home / "secrets").mkdir(parents=True)
    (home / "gateway-password").write_text("p1\n")
    (home / "secrets" / "ftg-nats-operator").write_text("u2:p2")
    (home / "secrets" / "ftg-s3-operator").write_text("u3:p3:with-colon\n")
    state = StackState(
        pid=2**30,  # no such process
        started_at=datetime.now(UTC),
        home=str(home),
        stack_file="stack.yml",
        gateway_url="http://127.0.0.1:1",
        provider_url="http://127.0.0.1:2",
        gateway_user="admin",
        password_file=str(home / "gateway-password"),
        nats_url="nats://127.0.0.1:3",
        nats_api="FTG.API",
        s3_url="http://127.0.0.1:4",
        bucket="b",
        secrets=str(home / "secrets"),
        children={"weed": ChildState(pid=2**30, restarts=2)},
    )
    StackFiles(home).save(state)
    return state


def test_the_embedded_stack_tells_of_itself(tmp_path: Path) -> None:
    """Addresses of stack.json, passwords of the files that it names."""
    stack_at(tmp_path)
    with StackFiles(tmp_path).living():
        found = target.find({"FAASTRAIN_HOME": str(tmp_path)})
    assert found.nats == Server("nats://127.0.0.1:3", "u2", "p2")
    assert found.s3 == Server("http://127.0.0.1:4", "u3", "p3:with-colon")
    assert found.gateway == Server("http://127.0.0.1:1", "admin", "p1")
    assert (found.bucket, found.nats_api) == ("b", "FTG.API")


def test_the_signing_key_is_the_stacks_own_secret_or_a_clusters_variable(tmp_path: Path) -> None:
    """What is missing is named."""
    environment = {"FAASTRAIN_HOME": str(tmp_path)}
    stack_at(tmp_path)
    with StackFiles(tmp_path).living():
        with pytest.raises(StackTrouble, match="ftg-signing-key: No such file"):
            target.signing_key(environment)
        (tmp_path / "secrets" / "ftg-signing-key").write_text("k1\n")
        assert target.signing_key(environment) == b"k1"
    assert target.signing_key({**CLUSTER, "FAASTRAIN_SIGNING_KEY": "k2"}) == b"k2"
    with pytest.raises(BadInput, match="FAASTRAIN_SIGNING_KEY is not set"):
        target.signing_key(CLUSTER)


def test_a_caller_s_token_is_the_home_s_own_or_a_cluster_s_variable(tmp_path: Path) -> None:
    environment = {"FAASTRAIN_HOME": str(tmp_path)}
    stack_at(tmp_path)
    with StackFiles(tmp_path).living():
        with pytest.raises(StackTrouble, match="ftg-caller-tokens: No such file"):
            target.caller(environment)
        (tmp_path / "secrets" / CALLER_TOKENS).write_text("local t1\nother t2\n")
        assert target.caller(environment) == ("http://127.0.0.1:1", "t1")
    told = target.caller({**CLUSTER, "FAASTRAIN_CALLER_TOKEN": "t3"})
    assert told == ("https://gateway.example", "t3")
    with pytest.raises(BadInput, match="FAASTRAIN_CALLER_TOKEN is not set"):
        target.caller(CLUSTER)


def test_a_stack_that_died_is_no_stack(tmp_path: Path) -> None:
    """Its stack.json may have stayed; an empty home says the same."""
    with pytest.raises(StackTrouble, match="start it with `faastrain up`"):
        target.find({"FAASTRAIN_HOME": str(tmp_path / "none")})
    assert not (tmp_path / "none").exists()
    stack_at(tmp_path)
    with pytest.raises(StackTrouble, match=f"no stack runs at {tmp_path}"):
        target.find({"FAASTRAIN_HOME": str(tmp_path)})


def test_a_relative_home_is_told_with_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder is another home; the default needs no such hint."""
    monkeypatch.chdir(tmp_path)
    named = f"no stack runs at {tmp_path}/x \\(FAASTRAIN_HOME=x, seen from here\\); start"
    with pytest.raises(StackTrouble, match=named):
        target.find({"FAASTRAIN_HOME": "x"})
    with pytest.raises(StackTrouble, match=f"no stack runs at {tmp_path}/.faastrain; start"):
        target.find({})


def test_a_home_that_was_removed_under_its_stack_is_told(tmp_path: Path) -> None:
    """As long as its processes are there."""
    home = tmp_path / "home"
    process = subprocess.Popen(["sleep", "600"], env={STACK_VARIABLE: str(home)})  # noqa: S607
    try:
        with pytest.raises(
            StackTrouble, match=f"{home} was removed or moved under a running stack"
        ):
            target.find({"FAASTRAIN_HOME": str(home)})
    finally:
        process.kill()
        process.wait()
    with pytest.raises(StackTrouble, match=f"no stack runs at {home}"):
        target.find({"FAASTRAIN_HOME": str(home)})


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    """With the file's name."""
    stack_at(tmp_path)
    (tmp_path / "secrets" / "ftg-s3-operator").unlink()
    with (
        StackFiles(tmp_path).living(),
        pytest.raises(StackTrouble, match="ftg-s3-operator: No such file"),
    ):
        target.find({"FAASTRAIN_HOME": str(tmp_path)})


def test_a_cluster_is_named_by_variables() -> None:
    """All of them, or the one that is missing is told."""
    found = target.find(CLUSTER)
    assert found.gateway == Server("https://gateway.example", "admin", "p1")
    assert found.nats.password == "p2"
    assert found.bucket == "faastraingym"
    for name in CLUSTER.keys() - {"OPENFAAS_URL", "FAASTRAIN_NATS_URL"}:
        with pytest.raises(BadInput, match=f"{name} is not set"):
            target.find({k: v for k, v in CLUSTER.items() if k != name})


def test_either_address_alone_is_no_cluster() -> None:
    """OPENFAAS_URL may be there for faas-cli, FAASTRAIN_NATS_URL for the embedded stack."""
    assert not target.is_cluster({"OPENFAAS_URL": "x"})
    assert not target.is_cluster({"FAASTRAIN_NATS_URL": "x"})
    assert target.is_cluster(CLUSTER)


def test_passwords_are_not_shown() -> None:
    """Not even in a traceback's arguments."""
    assert "p2" not in repr(target.find(CLUSTER))


def test_servers_of_a_stack(tmp_path: Path) -> None:
    """The supervisor and its children; a process that is gone uses no memory."""
    stack_at(tmp_path)
    found = servers({"FAASTRAIN_HOME": str(tmp_path)})
    assert found.keys() == {"supervisor", "weed"}
    assert (found["weed"].url, found["weed"].restarts) == ("http://127.0.0.1:4", 2)
    assert found["weed"].rss_bytes == 0
    assert servers(CLUSTER) == {}
