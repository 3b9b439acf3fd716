"""What a client needs of the outside, wired once; tests wire it to fakes."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from faastraingym.client import target
from faastraingym.embedded.settings import home_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faastraingym.adapters.packages.library import Packages
    from faastraingym.adapters.processes.checking import Checked
    from faastraingym.client.gateway import Gateway
    from faastraingym.client.streams import Streams
    from faastraingym.events.ports import (
        Bucket,
        CommandQueue,
        DeadLetters,
        FactLog,
        ObjectStore,
        Removals,
    )


class Connected(NamedTuple):
    """An open connection to a stack."""

    facts: "FactLog"
    objects: "ObjectStore"
    bucket: "Bucket"
    streams: "Streams"
    dead_letters: "DeadLetters"
    commands: "CommandQueue"
    removals: "Removals"


class World(NamedTuple):
    """The outside."""

    environment: Mapping[str, str]
    connect: Callable[[], AbstractAsyncContextManager[Connected]]
    gateway: Callable[[], "Gateway"]
    ensure_stack: Callable[[], None]  # start the embedded stack unless one runs
    # against the environment, too, which may be in a package
    validate: Callable[[object, "Packages"], Awaitable["Checked"]]
    signing_key: Callable[[], bytes]  # needed only to invoke a function
    now: Callable[[], float] = time.time  # Unix time, seconds


def real(environment: Mapping[str, str]) -> World:
    """The world that `environment` describes."""
    return World(
        environment=environment,
        connect=lambda: _connect(environment),
        gateway=lambda: _gateway(environment),
        ensure_stack=lambda: _ensure_stack(environment),
        validate=lambda raw, packages: _validate(raw, packages, environment),
        signing_key=lambda: target.signing_key(environment),
    )


@asynccontextmanager
async def _connect(environment: Mapping[str, str]) -> "AsyncIterator[Connected]":
    from faastraingym.adapters.nats import broker
    from faastraingym.adapters.nats.bus import NatsBus
    from faastraingym.adapters.nats.dead_letters import NatsDeadLetters
    from faastraingym.adapters.nats.fact_log import NatsFactLog
    from faastraingym.adapters.nats.removals import NatsRemovals
    from faastraingym.adapters.s3.object_store import S3ObjectStore
    from faastraingym.adapters.settings import Login
    from faastraingym.adapters.stage import current
    from faastraingym.client.streams import JetStreamStreams
    from faastraingym.events.ports import Unavailable
    from faastraingym.events.telemetry.tracing import parse

    with _quiet():
        caller = parse(environment.get("TRACEPARENT", ""))  # OpenTelemetry's name
        if caller:
            current.carry(caller)
        found = target.trusted(environment)
        login = Login(found.nats.user, found.nats.password)
        remedies = target.remedies(environment)
        connection = await broker.connect(
            found.nats.url,
            login,
            "faastrain",
            found.nats_api,
            remedy=remedies["nats"],
            awaits_login=False,
        )
        store = Login(found.s3.user, found.s3.password)
        objects = S3ObjectStore(found.s3.url, found.bucket, store, remedies["s3"])
        try:
            yield Connected(
                facts=NatsFactLog(connection),
                objects=objects,
                bucket=objects,
                streams=JetStreamStreams(connection),
                dead_letters=NatsDeadLetters(connection),
                commands=NatsBus(connection),
                removals=NatsRemovals(connection),
            )
        finally:
            with suppress(Unavailable):  # nothing is pending; why the command ended matters more
                await connection.close()
            await objects.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave warnings of servers that are away for a moment to the View, which has a notice."""
    logger = logging.getLogger("faastraingym.adapters")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _gateway(environment: Mapping[str, str]) -> "Gateway":
    from faastraingym.client import gateway

    return gateway.of(environment)


async def _validate(raw: object, packages: "Packages", environment: Mapping[str, str]) -> "Checked":
    from faastraingym.client import checking

    return await checking.validate(raw, packages, environment)


def _ensure_stack(environment: Mapping[str, str]) -> None:
    if target.is_cluster(environment):
        return
    from faastraingym.embedded import stack

    stack.up(home_of(environment), environment)
