"""What a run leaves behind for others to read."""

import json
import re

from adapters import broker
from adapters.nats_direct import read_all
from events.streams import STREAMS
from tests.stack.specs import SHORT
from tests.stack.support import Stack

OPENFAAS_LINE = {"time", "level", "function", "replica", "message"}


async def test_no_secret_is_logged_or_said(stack: Stack) -> None:
    """Not in a log, not in a stream, not in the stack's public state."""
    assert stack.json("train", stack.file(SHORT), "--run", "discreet")["status"] == "completed"
    made = stack.credentials()
    logins = [*made.nats.values(), *made.s3.values()]
    secrets = [made.gateway_password, made.signing_key, *(login.password for login in logins)]
    texts = [path.read_bytes() for path in (stack.home / "logs").rglob("*") if path.is_file()]
    assert b"discreet" in b"".join(texts)
    texts.append((stack.home / "stack.json").read_bytes())
    connection = await broker.connect(*stack.nats())
    for stream in STREAMS:
        for pattern in stream.subjects:
            texts += [item.data for item in await read_all(connection, stream.name, pattern)]
    await connection.close()
    everything = b"\n".join(texts)
    assert len(everything) > 10_000
    assert not [secret for secret in secrets if secret.encode() in everything]


def test_a_functions_log_is_one_json_object_per_event(stack: Stack) -> None:
    """`faastrain logs rollout`: when, which replica, what, of which run, how long."""
    assert stack.json("train", stack.file(SHORT), "--run", "told")["status"] == "completed"
    lines = stack.cli("logs", "rollout").stdout.splitlines()
    events = [json.loads(line.split("  ", 2)[2]) for line in lines]
    assert all(event.keys() >= OPENFAAS_LINE for event in events)
    ours = [event for event in events if event.get("run") == "told"]
    assert {(event["message"], event["status"]) for event in ours} == {("done", 200)}
    assert all(event["seconds"] > 0 and event["call_id"] for event in ours)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z  rollout-\w+  \{", line) for line in lines)
