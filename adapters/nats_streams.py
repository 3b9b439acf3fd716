"""Make the broker's streams what events/streams.py says. Repeating it changes nothing."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.errors import SettingsError
from adapters.jetstream import Broker, StreamMissing
from adapters.nats_pull import NANOSECONDS
from events.streams import FACTS, STREAMS, Stream

PERSISTENCE = "persist_mode"


def configuration(stream: Stream, replicas: int = 1) -> dict[str, Any]:
    """The stream's configuration in JetStream's words."""
    # Without it a server that syncs always does so for each invocation's cost; since 2.12, and for
    # a stream of one replica alone.
    unsynced = {} if stream.synced or replicas > 1 else {PERSISTENCE: "async"}
    return {
        "name": stream.name,
        "description": stream.description,
        "subjects": list(stream.subjects),
        "retention": "workqueue" if stream.work_queue else "limits",
        "storage": "file",
        "num_replicas": replicas,
        "discard": "old",
        "max_age": stream.max_age_days * 86_400 * NANOSECONDS,
        "duplicate_window": stream.duplicate_window_seconds * NANOSECONDS,
        "allow_direct": True,
        "deny_delete": stream is FACTS,
        "deny_purge": stream is FACTS,
        **unsynced,
    }


async def ensure_streams(broker: Broker, environment: Mapping[str, str] = os.environ) -> None:
    """Create the streams that are missing and update those that differ.

    `FTG_NATS_REPLICAS` (1) says how many servers of a cluster keep each.
    """
    replicas = environment.get("FTG_NATS_REPLICAS") or "1"
    if replicas not in {"1", "3", "5"}:
        raise SettingsError(f"FTG_NATS_REPLICAS is {replicas!r}; write 1, 3 or 5")
    for stream in STREAMS:
        await _ensure(broker, configuration(stream, int(replicas)))


async def _ensure(broker: Broker, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    try:
        found = msgspec.json.decode(await broker.api(f"STREAM.INFO.{name}"))["config"]
    except StreamMissing:
        await broker.api(f"STREAM.CREATE.{name}", wanted)
        return
    # As it was made: no server changes that, nor keeps copies of an unsynced stream.
    wanted = {**wanted, PERSISTENCE: found.get(PERSISTENCE, "")}
    if wanted[PERSISTENCE]:
        wanted["num_replicas"] = found["num_replicas"]
    if any(found.get(key, default_of(value)) != value for key, value in wanted.items()):
        await broker.api(f"STREAM.UPDATE.{name}", {**found, **wanted})


def default_of(value: Any) -> Any:
    """What JetStream leaves out of its answers: the empty value of the same type."""
    return type(value)()
