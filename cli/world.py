"""What the commands need of the outside, wired once; tests wire it to fakes."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from faastraingym.cli import target
from faastraingym.cli.screen import Screen
from faastraingym.embedded.settings import home_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faastraingym.adapters.processes.checking import Checked
    from faastraingym.cli.gateway import Gateway
    from faastraingym.cli.streams import Streams
    from faastraingym.events.ports import Bucket, CommandQueue, DeadLetters, FactLog, ObjectStore


class Connected(NamedTuple):
    """An open connection to a stack."""

    facts: "FactLog"
    objects: "ObjectStore"
    bucket: "Bucket"
    streams: "Streams"
    dead_letters: "DeadLetters"
    commands: "CommandQueue"


class World(NamedTuple):
    """The outside."""

    screen: Screen
    environment: Mapping[str, str]
    connect: Callable[[], AbstractAsyncContextManager[Connected]]
    gateway: Callable[[], "Gateway"]
    ensure_stack: Callable[[], None]  # start the embedded stack unless one runs
    validate: Callable[[object], "Checked"]  # against the environment, too
    signing_key: Callable[[], bytes]  # needed only to invoke a function
    now: Callable[[], float] = time.time  # Unix time, seconds


def real(environment: Mapping[str, str]) -> World:
    """The world that `environment` describes."""
    return World(
        screen=Screen(),
        environment=environment,
        connect=lambda: _connect(environment),
        gateway=lambda: _gateway(environment),
        ensure_stack=lambda: _ensure_stack(environment),
        validate=lambda raw: asyncio.run(_validate(raw, environment)),
        signing_key=lambda: target.signing_key(environment),
    )


@asynccontextmanager
async def _connect(environment: Mapping[str, str]) -> "AsyncIterator[Connected]":
    from faastraingym.adapters.nats import broker
    from faastraingym.adapters.nats.bus import NatsBus
    from faastraingym.adapters.nats.dead_letters import NatsDeadLetters
    from faastraingym.adapters.nats.fact_log import NatsFactLog
    from faastraingym.adapters.s3.object_store import S3ObjectStore
    from faastraingym.adapters.settings import Login
    from faastraingym.adapters.stage import current
    from faastraingym.cli.streams import JetStreamStreams
    from faastraingym.events.ports import Unavailable
    from faastraingym.events.telemetry.tracing import parse

    logging.getLogger("adapters").setLevel(logging.ERROR)  # the commands report troubles
    caller = parse(environment.get("TRACEPARENT", ""))  # OpenTelemetry's name
    if caller:
        current.carry(caller)
    found = _target(environment)
    login = Login(found.nats.user, found.nats.password)
    connection = await broker.connect(found.nats.url, login, "faastrain", found.nats_api)
    objects = S3ObjectStore(found.s3.url, found.bucket, Login(found.s3.user, found.s3.password))
    try:
        yield Connected(
            facts=NatsFactLog(connection),
            objects=objects,
            bucket=objects,
            streams=JetStreamStreams(connection),
            dead_letters=NatsDeadLetters(connection),
            commands=NatsBus(connection),
        )
    finally:
        with suppress(Unavailable):  # nothing is pending; why the command ended matters more
            await connection.close()
        await objects.close()


def _gateway(environment: Mapping[str, str]) -> "Gateway":
    from faastraingym.cli.gateway import HttpGateway

    return HttpGateway(_target(environment).gateway)


def _target(environment: Mapping[str, str]) -> target.Target:
    """The stack, its certificates trusted by this process from now on."""
    found = target.find(environment)
    if found.authority:
        os.environ["SSL_CERT_FILE"] = found.authority  # OpenSSL's; read at every connection
    return found


async def _validate(raw: object, environment: Mapping[str, str]) -> "Checked":
    """By a check as start-run's, with the modules and limits that the stack has, or will have."""
    from faastraingym.adapters.processes.checking import Checker
    from faastraingym.adapters.settings import FUNCTION_LIMITS
    from faastraingym.algorithms.registry import parse
    from faastraingym.cli import environments, limits

    parse(raw)  # its words come before all others
    memory = map(str, limits.of(lambda: _gateway(environment), environment))
    limited = dict(zip(FUNCTION_LIMITS, memory, strict=True))
    checker = Checker(environments.variables(environment) | limited)
    try:
        found, _ = await asyncio.gather(checker.check(raw), asyncio.to_thread(_import_clients))
    finally:
        await checker.close()
    return found


def _import_clients() -> None:
    """What connecting takes next: half a second of another core, while the check takes one."""
    from faastraingym.adapters.s3 import object_store  # noqa: F401
    from faastraingym.cli import streams  # noqa: F401


def _ensure_stack(environment: Mapping[str, str]) -> None:
    if target.is_cluster(environment):
        return
    from faastraingym.embedded import stack

    stack.up(home_of(environment), environment)
