"""NATS subjects: `ftg.<entity>.<event>.<run>[.<version>[.<index>]]`.

A fact's subject is its identity, which its class declares. It is published with "expected last
subject sequence 0", so the server refuses to store the same fact twice.
"""

from faastraingym.schemas.messages import Message, tag

ROOT = "ftg"
START = "ftg-start"  # clients publish `ftg-start.<run>`, or any key that no other event has
STARTS = f"{START}.>"
UNSIGNED = "unsigned"  # dead letters without signature, stored without payload
CALLBACK = "callback"  # those of callbacks that were given up, likewise
DEAD_LETTERS = "ftg-dead.>"
NO_RUN = "none"  # the run of metered invocations that belong to none


def of(fact: Message) -> str:
    """The subject of a fact."""
    return ".".join((ROOT, tag(fact), *fact.identified))


def run_of(subject: str) -> str:
    """The run that a fact's subject names; empty if it names none."""
    return "".join(subject.split(".")[3:4])


def of_topic(topic: str) -> str:
    """The filter for all facts of a topic, such as `rollout.completed`."""
    return f"{ROOT}.{topic}.>"


def of_kind(kind: type[Message], run: str, *identity: int | str) -> str:
    """The filter for the facts of one kind in one run, narrowed by version (and index)."""
    return ".".join((ROOT, tag(kind), run, *map(str, identity)))


def below(kind: type[Message], run: str, *identity: int) -> str:
    """As `of_kind`, for facts with further identity below that."""
    return of_kind(kind, run, *identity) + ".>"


def of_run(run: str) -> list[str]:
    """Filters for all facts of a run."""
    return [f"{ROOT}.*.*.{run}", f"{ROOT}.*.*.{run}.>"]


def of_life(run: str) -> list[str]:
    """Filters for the facts about a run's life: requested, resumed, ended..."""
    return [f"{ROOT}.run.*.{run}", f"{ROOT}.run.*.{run}.>"]


def of_run_usage(run: str, function: str = "*") -> str:
    """The subject of a function's metering in a run; without one, the filter for all."""
    return f"ftg-usage.{run}.{function}"


def of_command(function: str, work: str = "*") -> str:
    """The subject of a piece of work for a function; without one, the filter for all."""
    return f"ftg-command.{function}.{work}"


def of_old_command(function: str) -> str:
    """The subject of commands of old releases, in which a piece of work had none of its own."""
    return f"ftg-async.{function}"


def of_open_command(function: str) -> str:
    """The subject of unauthenticated requests to a function that admits all."""
    return f"ftg-open.{function}"


def of_dead_letter(function: str, kind: str = "") -> str:
    """The subject of a function's dead letters; the broker bounds those of each kind apart."""
    return f"ftg-dead.{function}.{kind}" if kind else f"ftg-dead.{function}"
