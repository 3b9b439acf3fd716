"""up, down, status: the stack itself."""

from argparse import Namespace

from msgspec import Struct

from faastraingym.cli.context import Context
from faastraingym.cli.screen import Screen
from faastraingym.client import loop, target
from faastraingym.client.gateway import FunctionState
from faastraingym.client.servers import DiskState, ServerState, disk_state, servers
from faastraingym.client.streams import StreamSize
from faastraingym.embedded.state import StackState
from faastraingym.events.topology.streams import DEAD
from faastraingym.events.views.runs import RunRow, overview

MIB = 1 << 20
ACTIVE = ("requested", "running", "stopping")


class FunctionRow(Struct, frozen=True, kw_only=True):
    """A function in `faastrain status`."""

    replicas: int  # desired
    available_replicas: int
    invocations: int


class Status(Struct, frozen=True, kw_only=True):
    """A stack, now."""

    functions: dict[str, FunctionRow]
    servers: dict[str, ServerState]
    streams: dict[str, StreamSize]
    dead_letters: int
    disk: DiskState | None  # of the embedded stack
    runs: list[RunRow]  # those that have not ended


def up(arguments: Namespace, context: Context) -> None:
    """Start the embedded stack, or find the one that runs."""
    from faastraingym.embedded import open_files, stack

    environment = context.world.environment
    home = target.own_home(environment)
    bounded = open_files.warning(open_files.allowed())
    if bounded:
        context.screen.remark(f"faastrain: {bounded}")
    if arguments.foreground:
        stack.run_foreground(home, lambda state: _greet(state, context.screen), environment)
    else:
        _greet(stack.up(home, environment), context.screen)


def down(arguments: Namespace, context: Context) -> None:
    """Stop the embedded stack."""
    stopped, home = context.client.down(), target.own_home(context.world.environment)
    context.screen.line(f"stopped; data stays in {home}" if stopped else f"no stack ran at {home}")


def status(arguments: Namespace, context: Context) -> None:
    """Functions, servers, streams and active runs."""
    found = loop.run(_status(context))
    if arguments.json:
        context.screen.json(found)
    else:
        _print(found, context.screen)


async def _status(context: Context) -> Status:
    async with context.client.aio.connect() as stack:
        sizes = await stack.streams.sizes()
        rows = await overview(stack.facts, context.world.now(), ACTIVE)
    return Status(
        functions={f.name: _row(f) for f in context.world.gateway().functions()},
        servers=servers(context.world.environment),
        streams=sizes,
        dead_letters=sizes[DEAD.name].messages,
        disk=disk_state(context.world.environment),
        runs=rows,
    )


def _row(function: FunctionState) -> FunctionRow:
    return FunctionRow(
        replicas=function.replicas or 0,
        available_replicas=function.available_replicas or 0,
        invocations=round(function.invocation_count or 0),
    )


def _print(found: Status, screen: Screen) -> None:
    for name, row in found.functions.items():
        replicas = f"{row.available_replicas}/{row.replicas} replicas"
        screen.line(f"{name:20} {replicas:14} {row.invocations} invocations")
    for name, server in found.servers.items():
        restarts = f", {server.restarts} restarts" if server.restarts else ""
        state = " (crashing)" if server.crashing else ""
        memory = f"{server.rss_bytes / MIB:.0f} MiB"
        screen.line(f"{name:20} pid {server.pid}, {memory}{restarts}{state}  {server.url}".rstrip())
    for name, size in found.streams.items():
        screen.line(f"{name:20} {size.messages} messages, {size.bytes / MIB:.1f} MiB")
    if found.dead_letters:
        screen.line(f"{found.dead_letters} dead letters; `faastrain dead list`")
    if found.disk:
        free = f"{found.disk.free_bytes / MIB:.0f} MiB free at {found.disk.path}"
        screen.line(f"{'disk':20} {found.disk.trouble or free}")
    for run in found.runs:
        screen.line(f"{run.run_id}  {run.status}, version {run.versions}, {run.env_steps} steps")
    if not found.runs:
        screen.line("no run is active")


def _greet(state: StackState, screen: Screen) -> None:
    screen.line(f"gateway {state.gateway_url} (user {state.gateway_user}, {state.password_file})")
    screen.line(f"broker  {state.nats_url}")
    screen.line(f"objects {state.s3_url}, bucket {state.bucket}")
    screen.line(f"metrics {state.exporter_url}/metrics; Prometheus: {state.home}/prometheus.yml")
    screen.line(f"logs    {state.home}/logs; `faastrain status`, `faastrain down`")
