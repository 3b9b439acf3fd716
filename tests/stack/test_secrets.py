"""What a run leaves behind for others to read."""

import json
import re

import pytest

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.direct import read_all
from faastraingym.adapters.settings import Login
from faastraingym.embedded import processes
from faastraingym.events.topology.streams import STREAMS
from tests.stack.specs import SHORT
from tests.stack.support import Stack

LOGS = {"nats-server.log", "weed.log", "gateway.log", "queue-worker.log", "supervisor.log"}
OPENFAAS_LINE = {"time", "level", "function", "replica", "message"}


async def test_no_secret_is_logged_or_said(stack: Stack) -> None:
    """Not in a log, stream, state, answer, error text, command line or environment of a process."""
    assert stack.json("train", stack.file(SHORT), "--run", "discreet")["status"] == "completed"
    made = stack.credentials()
    logins = [*made.nats.values(), *made.s3.values()]
    secrets = [made.gateway_password, made.signing_key, *(login.password for login in logins)]
    texts = [path.read_bytes() for path in (stack.home / "logs").rglob("*") if path.is_file()]
    assert b"discreet" in b"".join(texts)
    texts += [(stack.home / name).read_bytes() for name in ("stack.json", "ports.json")]
    texts += [json.dumps(stack.json(command)).encode() for command in ("status", "doctor", "runs")]
    assert {log.name for log in (stack.home / "logs").iterdir()} >= LOGS
    wrong = Login("rollout", "not-the-password")
    url, _, _, api = stack.nats()
    with pytest.raises(AdapterError) as refused:
        await broker.connect(url, wrong, "wrong", api)
    texts.append(str(refused.value).encode())
    for process in processes.of_stack(stack.home):
        texts.append(" ".join(process.cmdline()).encode())
        texts.append(json.dumps(process.environ()).encode())
    connection = await broker.connect(*stack.nats())
    for stream in STREAMS:
        for pattern in stream.subjects:
            texts += [item.data for item in await read_all(connection, stream.name, pattern)]
    await connection.close()
    everything = b"\n".join(texts)
    assert len(everything) > 10_000
    assert len(secrets) == len(set(secrets)) == 2 + len(made.nats) + len(made.s3)
    assert not [secret for secret in secrets if secret.encode() in everything]


def test_a_functions_log_is_one_json_object_per_event(stack: Stack) -> None:
    """`faastrain logs rollout`: when, which replica, what, of which run, how long."""
    before = {*stack.cli("logs", "rollout").stdout.splitlines()}  # of environments that crash, too
    assert stack.json("train", stack.file(SHORT), "--run", "told")["status"] == "completed"
    written = stack.cli("logs", "rollout").stdout.splitlines()
    lines = [line for line in written if line not in before]
    events = [json.loads(line.split("  ", 2)[2]) for line in lines]
    assert all(event.keys() >= OPENFAAS_LINE for event in events)
    ours = [event for event in events if event.get("run") == "told"]
    assert {(event["message"], event["status"]) for event in ours} == {("warm", 200), ("done", 200)}
    assert all(event["seconds"] > 0 and event["call_id"] for event in ours)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z  rollout-\w+  \{", line) for line in lines)
