"""The pipeline as an AsyncAPI 3.0 document, from the schemas, the subjects and stack.yml: pure.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from collections.abc import Iterable
from typing import Any

from faastraingym.events.pipeline import flow
from faastraingym.events.pipeline.subjects import ROOT, START, of_command
from faastraingym.events.telemetry.tracing import HEADER
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.export import MESSAGE_TYPES, summary
from faastraingym.schemas.messages import QUEUED, InvocationCompleted, Message, tag

PARAMETERS = {
    "run": "a run's name, a DNS label",
    "version": "a policy version, from 0",
    "index": "a rollout's slot, from 0",
    "piece": "a piece of an evaluation, from 0",
    "model": "a registered model's name",
    "alias": "an alias of the model",
    "segment": "segment of the run: 0, and one more after each resumption",
    "trial": "a configuration of an experiment, from 0",
    "seed": "a seed of an experiment, of which each configuration has a run",
    "rung": "where runs of an experiment pause, from 0",
    "number": "counts a run's stalls, from 0, or the moves of an alias, from 1",
    "object": "the first 16 hexadecimal digits of the SHA-256 of key, a zero byte, and ETag",
    "call_id": "the invocation's call id, a UUID",
    "function": "the name of a function",
    "work": "what is to be done: a hash, the same at every attempt",
    "key": "the run's name, or any text that no other event has",
}

WANTED = "Wanted"  # a client's message, which starts a run: docs/triggers.md
OUTSIDER = "outsider"

_WANTED = {
    "title": WANTED,
    "summary": "A specification; a CloudEvent or a bucket's notification is taken, too.",
    "contentType": "application/json",
    "payload": {"$ref": "schemas/specification.json"},
}

TRACED = {
    "type": "object",
    "properties": {
        HEADER: {"type": "string", "description": "W3C trace context; without it, the run's own"}
    },
}

DESCRIPTION = """\
Facts lie in one JetStream stream, each stored once, under the subject that is its identity.
Commands lie in another as OpenFaaS queue requests, JSON with the message in base64 as `Body`, one
at a time for each piece of work. Both are msgpack maps tagged by `type`.
The document is exported by `python -m faastraingym.events.export docs`; do not edit it."""


def document(version: str, functions: Iterable[Function]) -> dict[str, Any]:
    """The whole document; payloads are in schemas/messages.json beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "FaaSTrainGym", "version": version, "description": DESCRIPTION},
        "defaultContentType": "application/msgpack",
        "servers": {"nats": {"host": "nats:4222", "protocol": "nats", "description": "JetStream"}},
        "channels": {
            **{k.__name__: _channel(k.__name__, address(k), summary(k)) for k in MESSAGE_TYPES},
            WANTED: _channel(WANTED, f"{START}.{{key}}", "A client requests a run."),
        },
        "operations": dict([*_sends(), *_receives(list(functions))]),
        "components": {
            "messages": {
                **{kind.__name__: _message(kind) for kind in MESSAGE_TYPES},
                WANTED: _WANTED,
            }
        },
    }


def address(kind: type[Message]) -> str:
    """The subject of messages of a kind, with `{parameters}`."""
    if kind in QUEUED:
        only = flow.receivers(kind)
        return of_command(only[0] if len(only) == 1 else "{function}", "{work}")
    if kind is InvocationCompleted:
        return "ftg-usage.{run}.{function}"
    return ".".join((ROOT, tag(kind), *(f"{{{name}}}" for name in kind.identity)))


def _channel(name: str, where: str, told: str) -> dict[str, Any]:
    named = {n: {"description": text} for n, text in PARAMETERS.items() if f"{{{n}}}" in where}
    return {
        "address": where,
        "summary": told,
        "servers": [{"$ref": "#/servers/nats"}],
        **({"parameters": named} if named else {}),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(kind: type[Message]) -> dict[str, Any]:
    return {
        "name": tag(kind),
        "title": kind.__name__,
        "summary": summary(kind),
        **({} if kind is InvocationCompleted else {"headers": TRACED}),
        "payload": {"$ref": f"schemas/messages.json#/$defs/{kind.__name__}"},
    }


def _sends() -> Iterable[tuple[str, dict[str, Any]]]:
    yield _operation("send", OUTSIDER, WANTED, "a request for a run")
    for sender in (*flow.PROCESSES, *flow.FUNCTIONS):
        for kind in flow.sent(sender):
            yield _operation("send", sender, kind.__name__, tag(kind))


def _receives(functions: list[Function]) -> Iterable[tuple[str, dict[str, Any]]]:
    for function in functions:
        if function.starts:
            yield _operation("receive", function.name, WANTED, "requests from outside")
        for kind in flow.received(function.name):
            yield _operation("receive", function.name, kind.__name__, tag(kind))


def _operation(action: str, who: str, name: str, what: str) -> tuple[str, dict[str, Any]]:
    channel = f"#/channels/{name}"
    verb = "sends" if action == "send" else "receives"
    return f"{who}.{action}.{name}", {
        "action": action,
        "summary": f"{who} {verb} {what}",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"}],
    }
