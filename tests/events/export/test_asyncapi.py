"""The AsyncAPI document: complete, consistent in itself, and current in docs/."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from faastraingym.algorithms import registry
from faastraingym.events.export import __main__ as export
from faastraingym.events.export.asyncapi import WANTED
from faastraingym.schemas.export import MESSAGE_TYPES, documents
from faastraingym.schemas.messages import FACTS, tag

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT: dict[str, Any] = yaml.safe_load(export.files()["asyncapi.yaml"])


def references(node: object) -> list[str]:
    """Every `$ref` below a node."""
    if isinstance(node, list):
        return [ref for item in node for ref in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + [ref for item in node.values() for ref in references(item)]


def resolve(reference: str) -> Any:
    file, _, pointer = reference.partition("#/")
    node: Any = DOCUMENT if not file else documents(registry.specification())[Path(file).stem]
    for part in filter(None, pointer.split("/")):
        node = node[part]
    return node


def test_the_exported_files_are_current() -> None:
    assert export.main(["--check", str(DOCS)]) == 0, "run `make schemas`"


def test_what_asyncapi_3_requires_is_there() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all({"host", "protocol"} <= set(server) for server in DOCUMENT["servers"].values())
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["channel"]["$ref"] in {
            f"#/channels/{name}" for name in DOCUMENT["channels"]
        }


def test_every_reference_resolves() -> None:
    found = references(DOCUMENT)
    assert len(found) > 4 * len(MESSAGE_TYPES)
    assert all(isinstance(resolve(reference), dict) for reference in found)


def test_every_message_type_has_a_channel_with_its_own_address() -> None:
    channels = DOCUMENT["channels"]
    assert set(channels) == {*(kind.__name__ for kind in MESSAGE_TYPES), WANTED}
    assert channels[WANTED]["address"] == "ftg-start.{key}"
    assert channels["UpdatePolicy"]["address"] == "ftg-command.update-policy.{work}"
    anybody = {name for name, c in channels.items() if c["address"].split(".")[1] == "{function}"}
    assert anybody == {"RestoreObject", "WarmUp"}
    assert len({c["address"] for c in channels.values()}) == len(channels) - len(anybody) + 1
    assert channels["RolloutCompleted"]["address"] == (
        "ftg.rollout.completed.{run}.{version}.{index}"
    )


@pytest.mark.parametrize("name", DOCUMENT["channels"])
def test_a_channel_describes_exactly_the_parameters_of_its_address(name: str) -> None:
    channel = DOCUMENT["channels"][name]
    described = {f"{{{parameter}}}" for parameter in channel.get("parameters", {})}
    assert described == set(re.findall(r"\{\w+\}", channel["address"]))


def test_every_message_type_has_somebody_who_sends_it() -> None:
    sent = {key.rsplit(".", 1)[1] for key in DOCUMENT["operations"] if ".send." in key}
    assert sent == {kind.__name__ for kind in MESSAGE_TYPES} | {WANTED}


def test_operations_name_who_receives_what() -> None:
    operations = DOCUMENT["operations"]
    assert operations["aggregate-rewards.receive.RolloutCompleted"]["channel"] == {
        "$ref": "#/channels/RolloutCompleted"
    }
    assert operations["rollout.receive.CollectRollout"]["action"] == "receive"
    assert (
        operations["plan-update.send.UpdatePolicy"]["summary"] == "plan-update sends update-policy"
    )
    assert operations["start-run.receive.Wanted"]["action"] == "receive"
    received = {key.rsplit(".", 1)[1] for key in operations if ".receive." in key}
    unheard = {tag(kind) for kind in FACTS if kind.__name__ not in received}
    # and their own functions
    for_people = {
        "report.written",
        "run.stalled",
        "run.unreported",
        "upload.heard",
    }
    assert for_people <= unheard
    assert unheard.isdisjoint({"policy.updated", "rewards.ready", "rollout.completed"})


def test_checking_says_which_file_is_not_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main([str(tmp_path)]) == 0
    assert export.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "schemas" / "report.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").unlink()
    assert export.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "report.json is not current; run `make schemas`" in said
    assert "asyncapi.yaml is not current" in said
