"""Make the broker's streams as events/topology/streams.py defines them; idempotent."""

import os
from collections.abc import Mapping
from typing import Any

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.nats.jetstream import ApiError, Broker, StreamMissing
from faastraingym.adapters.nats.pull import NANOSECONDS
from faastraingym.events.topology.streams import FACTS, MIB, STREAMS, Stream

PERSISTENCE = "persist_mode"
DENY_PURGE = (
    "deny_purge"  # of the log that an early version made, and for ever: no server undoes it
)
FACTS_MAX_BYTES = "FTG_FACTS_MAX_BYTES"
NO_ROOM = 10047  # the streams' limits together exceed the server's limit


def configuration(stream: Stream, replicas: int = 1) -> dict[str, Any]:
    """The stream's configuration in JetStream's format."""
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
        "discard": "new" if stream.refuses else "old",
        "discard_new_per_subject": stream.refuses and stream.max_per_subject > 0,
        "max_bytes": stream.max_bytes,
        "max_msgs_per_subject": stream.max_per_subject or -1,
        "max_age": stream.max_age_days * 86_400 * NANOSECONDS,
        "duplicate_window": stream.duplicate_window_seconds * NANOSECONDS,
        "allow_direct": True,
        "deny_delete": stream.name == FACTS.name,
        DENY_PURGE: False,  # `faastrain rm`; the roles say who may (events/topology/roles.py)
        **unsynced,
    }


async def ensure_streams(broker: Broker, environment: Mapping[str, str] = os.environ) -> None:
    """Create the streams that are missing and update those that differ.

    `FTG_NATS_REPLICAS` (1) sets how many servers of a cluster store each, `FTG_FACTS_MAX_BYTES` the
    log's maximum size. SettingsError: one is ill-formed, or the broker has no room for it.
    """
    replicas = environment.get("FTG_NATS_REPLICAS") or "1"
    if replicas not in {"1", "3", "5"}:
        raise SettingsError(f"FTG_NATS_REPLICAS is {replicas!r}; write 1, 3 or 5")
    for stream in sized(environment):
        try:
            await _ensure(broker, configuration(stream, int(replicas)))
        except ApiError as error:
            if error.number != NO_ROOM:
                raise
            raise SettingsError(
                f"{stream.name} may hold {stream.max_bytes} bytes, for which the broker has no "
                f"room: raise its max_file_store, or write a smaller {FACTS_MAX_BYTES}"
            ) from error


def sized(environment: Mapping[str, str]) -> list[Stream]:
    """The streams, the log as large as `FTG_FACTS_MAX_BYTES` sets; SettingsError: no such size."""
    text = environment.get(FACTS_MAX_BYTES) or str(FACTS.max_bytes)
    if not (text.isascii() and text.isdecimal() and MIB <= int(text) < 1 << 62):
        raise SettingsError(f"{FACTS_MAX_BYTES} is {text!r:.40}; write bytes, {MIB} or more")
    facts = FACTS._replace(max_bytes=int(text))
    return [facts if stream is FACTS else stream for stream in STREAMS]


async def _ensure(broker: Broker, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    try:
        found = (await broker.info(name)).config
    except StreamMissing:
        await broker.api(f"STREAM.CREATE.{name}", wanted)
        return
    # As it was made: no server changes that, nor keeps copies of an unsynced stream.
    made = {PERSISTENCE: found.get(PERSISTENCE, ""), DENY_PURGE: found.get(DENY_PURGE, False)}
    wanted = {**wanted, **made}
    if wanted[PERSISTENCE]:
        wanted["num_replicas"] = found["num_replicas"]
    # JetStream leaves empty values out of its answers.
    if any(found.get(key, type(value)()) != value for key, value in wanted.items()):
        await broker.api(f"STREAM.UPDATE.{name}", {**found, **wanted})
