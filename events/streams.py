"""The JetStream streams, as data.

FACTS is the log, and the log is the state: nothing deletes from it but an operator's retention.
"""

from typing import NamedTuple

from events import subjects


class Stream(NamedTuple):
    """One stream's definition; `work_queue` streams lose a message when it is acknowledged."""

    name: str
    subjects: tuple[str, ...]
    description: str
    work_queue: bool = False
    max_age_days: int = 0  # 0: for ever
    duplicate_window_seconds: int = 120
    synced: bool = True  # False: the last messages may go with the machine


FACTS = Stream("FTG_FACTS", (f"{subjects.ROOT}.>",), "facts, each said once for ever")
ASYNC = Stream(
    "FTG_ASYNC",
    (subjects.of_command("*"), subjects.STARTS),
    "asynchronous invocations, OpenFaaS queue requests; what others have started",
    work_queue=True,
)
DEAD = Stream("FTG_DEAD", (subjects.of_dead_letter("*"),), "deliveries that were given up")
# Nobody waits for its acknowledgements: cost is a measurement, not part of a run's state (ADR 6).
USAGE = Stream(
    "FTG_USAGE", ("ftg-usage.>",), "what invocations cost", max_age_days=90, synced=False
)

STREAMS = (FACTS, ASYNC, DEAD, USAGE)
