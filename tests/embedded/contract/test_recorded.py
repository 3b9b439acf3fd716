"""What faas-cli asks, version by version, gets the answers with which it was content.

Recorded by `python -m tests.conformance.record`; `make conformance` runs what can be had.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.contract.conftest import Served
from tests.embedded.contract.exchanges import exchange, faults
from tests.embedded.contract.table import DOCUMENTS
from tests.embedded.gateway_process import BASIC

RECORDINGS = sorted(Path(__file__).parent.glob("faas_cli_*.json"))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("served", ["gateway", "gateway before a provider"], indirect=True)
def test_faas_cli_is_answered_as_it_was(file: Path, served: Served) -> None:
    """Every request of every command, by each server that faas-cli may ask."""
    wrong: list[str] = []
    for one in json.loads(file.read_bytes())["commands"]:
        for asked in one["requests"]:
            wrong += [f"faas-cli {one['command']}: {why}" for why in told(served, asked)]
    assert wrong == []


def told(served: Served, asked: dict[str, Any]) -> list[str]:
    """In what a request is not answered as it was."""
    sent = asked["body"].encode()
    headers = asked["headers"] | ({"Authorization": BASIC} if asked["login"] else {})
    made = exchange(served.server.port, asked["method"], asked["path"], sent, headers)
    wrong = [f"{made}: {why}" for why in faults(DOCUMENTS["gateway"], made)]
    if made.status != asked["status"]:
        wrong.append(f"{made}: it was {asked['status']}")
    if made.status == 200 and made.path.startswith("/function/"):
        heard = json.loads(made.headers["x-heard"])
        query = made.path.partition("?")[1:]
        if (made.body, heard[":path"]) != (sent, "/" + "".join(query)):
            wrong.append(f"{made}: the function heard {heard[':path']}")
    return wrong


def test_there_are_recordings_of_a_version_that_names_the_namespace() -> None:
    """Newer than what `make tools` can build."""
    (file,) = RECORDINGS
    said = json.loads(file.read_bytes())
    paths = [asked["path"] for one in said["commands"] for asked in one["requests"]]
    assert said["faas-cli"] == "0.18.12"
    assert "/function/seen.openfaas-fn" in paths
    assert any(one["command"].startswith("ready") and one["exit"] == 0 for one in said["commands"])
