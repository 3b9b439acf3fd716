"""The JetStream streams as data: contents, age, and bounds.

FACTS is the log, and the log is the state: facts go only with a run that the operator removes
(ADR 68), so a full log refuses new ones.
docs/reliability.md has the reasons for each bound.
"""

from typing import NamedTuple

from faastraingym.events.pipeline import subjects

MIB, GIB = 1 << 20, 1 << 30


class Stream(NamedTuple):
    """One stream; a message of a `work_queue` is removed when it is acknowledged."""

    name: str
    subjects: tuple[str, ...]
    description: str
    max_bytes: int
    work_queue: bool = False
    refuses: bool = False  # a full stream refuses new messages; else it drops the oldest
    max_age_days: int = 0  # 0: for ever
    max_per_subject: int = 0  # messages; 0: no bound
    duplicate_window_seconds: int = 120
    synced: bool = True  # False: a machine that fails may lose the last messages


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
    max_per_subject=1000,  # so the letters of one function, or of strangers, displace no others
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
