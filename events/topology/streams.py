"""The JetStream streams, as data: what each holds, for how long, and what happens when it is full.

FACTS is the log, and the log is the state: nothing is ever deleted from it, so when it is full
nothing more is published. docs/reliability.md has the reasons for each bound.
"""

from typing import NamedTuple

from faastraingym.events.pipeline import subjects

MIB, GIB = 1 << 20, 1 << 30


class Stream(NamedTuple):
    """One stream's definition; `work_queue` streams lose a message when it is acknowledged."""

    name: str
    subjects: tuple[str, ...]
    description: str
    max_bytes: int
    work_queue: bool = False
    refuses: bool = False  # what is new, when it is full; else the oldest goes
    max_age_days: int = 0  # 0: for ever
    max_per_subject: int = 0  # messages; 0: no bound of its own
    duplicate_window_seconds: int = 120
    synced: bool = True  # False: the last messages may go with the machine


FACTS = Stream(
    "FTG_FACTS",
    (f"{subjects.ROOT}.>",),
    "facts, one message for each subject",
    max_bytes=8 * GIB,  # unless FTG_FACTS_MAX_BYTES says otherwise
    refuses=True,
)
ASYNC = Stream(
    "FTG_ASYNC",
    (subjects.of_command("*"), subjects.of_old_command("*"), subjects.STARTS),
    "asynchronous invocations, OpenFaaS queue requests; what others have started",
    max_bytes=GIB,
    work_queue=True,
    refuses=True,
    max_age_days=7,  # a delivery waits six hours for a server that is away (RetryPolicy.patience)
)
# Apart, so that unknown senders cannot crowd out the pipeline's own commands.
OPEN = Stream(
    "FTG_OPEN",
    (subjects.of_open_command("*"),),
    "unsigned asynchronous invocations, of functions that admit every client",
    max_bytes=256 * MIB,
    work_queue=True,
    refuses=True,
    max_age_days=1,
    max_per_subject=500,  # the quota of one function
)
DEAD = Stream(
    "FTG_DEAD",
    (subjects.of_dead_letter("*"), subjects.of_dead_letter("*", "*")),
    "deliveries that were given up",
    max_bytes=256 * MIB,
    max_age_days=90,
    max_per_subject=1000,  # so one function's letters, or strangers', leave the others alone
)
# No task waits for its acknowledgements: cost is a measurement, not part of a run's state (ADR 6).
USAGE = Stream(
    "FTG_USAGE",
    ("ftg-usage.>",),
    "what invocations cost",
    max_bytes=2 * GIB,
    max_age_days=90,
    synced=False,
)

STREAMS = (FACTS, ASYNC, OPEN, DEAD, USAGE)
