"""NATS subjects: `ftg.<entity>.<event>.<run>[.<version>[.<index>]]`.

A fact's subject is its identity, as its class declares it. It is published with "expected last
subject sequence 0", so the server itself refuses to store the same fact twice.
"""

from faastraingym.schemas.messages import (
    InvocationCompleted,
    Message,
    PolicyUpdated,
    tag,
)

ROOT = "ftg"
START = "ftg-start"  # where others publish: `ftg-start.<run>`, or any key that no other event has
STARTS = f"{START}.>"
UNSIGNED = "unsigned"  # a dead letter without a signature, so without its payload
CALLBACK = "callback"  # a callback that was given up: likewise
DEAD_LETTERS = "ftg-dead.>"
NO_RUN = "none"  # what an invocation that belongs to no run is metered under


def of(fact: Message) -> str:
    """The subject under which `fact` is published."""
    return ".".join((ROOT, tag(fact), *fact.identified))


def run_of(subject: str) -> str:
    """The run that a fact's subject names; empty when it names none."""
    return "".join(subject.split(".")[3:4])


def of_topic(topic: str) -> str:
    """The filter for all facts of a topic, as `rollout.completed` in stack.yml's annotations."""
    return f"{ROOT}.{topic}.>"


def of_kind(kind: type[Message], run: str, *identity: int | str) -> str:
    """The filter for the facts of one kind in one run, narrowed by version (and index)."""
    return ".".join((ROOT, tag(kind), run, *map(str, identity)))


def below(kind: type[Message], run: str, *identity: int) -> str:
    """As `of_kind`, for facts with further identity below that."""
    return of_kind(kind, run, *identity) + ".>"


def of_run(run: str) -> list[str]:
    """Filters for everything that was published about a run."""
    return [f"{ROOT}.*.*.{run}", f"{ROOT}.*.*.{run}.>"]


def of_life(run: str) -> list[str]:
    """Filters for the facts that say where a run's life stands: requested, resumed, ended..."""
    return [f"{ROOT}.run.*.{run}", f"{ROOT}.run.*.{run}.>"]


def of_version(run: str, version: int | None) -> list[str]:
    """The filter for the fact that says that a version is committed; none without a version."""
    return [] if version is None else [of_kind(PolicyUpdated, run, version)]


def of_usage(usage: InvocationCompleted) -> str:
    """The subject under which an invocation's cost is metered."""
    return f"ftg-usage.{usage.run}.{usage.function}"


def of_run_usage(run: str, function: str = "*") -> str:
    """The filter for a run's metering, of one function or of all."""
    return f"ftg-usage.{run}.{function}"


def of_command(function: str, work: str = "*") -> str:
    """The subject of a piece of work that a function is to do; without one, the filter for all."""
    return f"ftg-command.{function}.{work}"


def of_old_command(function: str) -> str:
    """Where commands wait that were queued before each piece of work had a subject."""
    return f"ftg-async.{function}"


def of_open_command(function: str) -> str:
    """The subject of requests from any sender to a function that admits all."""
    return f"ftg-open.{function}"


def of_dead_letter(function: str, kind: str = "") -> str:
    """The subject of deliveries to a function that were given up; of a kind (above), if it has one.

    Kinds have subjects of their own so that the broker bounds each apart.
    """
    return f"ftg-dead.{function}.{kind}" if kind else f"ftg-dead.{function}"
