"""Which faults, where and when: from a seed alone, in terms of a run's progress. Pure.

A moment is a number of facts that are said after the fault before has been survived, and then some
milliseconds, so that a fault falls between facts too; none: while that one still goes on. So a plan
means the same on a slow machine and on a fast one.
"""

import random
from collections.abc import Sequence

from msgspec import Struct

from faastraingym.adapters.nats.bus import ACK_WAIT_SECONDS
from faastraingym.events.topology.streams import FACTS

SERVERS = ("nats-server", "weed", "gateway", "queue-worker")
REPLICA = "replica"  # of any function
DELIVERIES = "deliveries"
EVERYTHING = "everything"
STORE = "store"
VICTIMS: dict[str, tuple[str, ...]] = {
    "kill": (*SERVERS, REPLICA),  # SIGKILL
    "pause": (*SERVERS, REPLICA),  # SIGSTOP, then SIGCONT
    "stack": (EVERYTHING,),  # SIGKILL to the supervisor and all that it started; then `up`
    "duplicate": (DELIVERIES,),  # each comes again, up to 2 s later
    "delay": (DELIVERIES,),  # each is held for up to 1 s
    "reorder": (DELIVERIES,),  # those of 0.3 s come newest first
    "cut": ("broker", "store", "gateway"),  # connections to it break; new ones are refused
    # SIGKILL to whoever hears the next fact of a topic that experiments have, up to 50 ms later, so
    # that it is at work. Only with experiments, for a run says few of these.
    "interrupt": (
        "run.requested",
        "trial.requested",
        "trial.reported",
        "trial.decided",
        "run.completed",
    ),
    # SIGKILL to the function that is asked for rewards, up to 50 ms after the next fact by which it
    # may be. Only with runs that ask one.
    "function": ("rollout.completed",),
    # What a server has acknowledged is lost, everything being down; then `up`. Only when asked for.
    "rollback": (STORE,),  # its data are a copy of some facts before
    "store": (STORE,),  # it has no data any more
    "block": (FACTS.name,),  # its newest block loses its end
}
LOSSES = ("rollback", "store", "block")
BEREAVING = ("rollback", "store")  # of objects that nobody needs any more, reports among them
INTERRUPT = "interrupt"
FUNCTION = "function"
# Unless others are asked for: those of runs, of experiments, and of runs that ask a function.
KINDS = tuple(kind for kind in VICTIMS if kind not in (*LOSSES, INTERRUPT, FUNCTION))
OF_EXPERIMENTS = (*KINDS, INTERRUPT)
OF_FUNCTIONS = (*KINDS, FUNCTION)
DOWN = ("stack", *LOSSES)  # nobody can start a stack while somebody kills it: these stand alone
SECONDS: dict[str, tuple[float, ...]] = {
    # The last outlasts the broker's ack wait.
    "pause": (0.3, 1.0, 2.0, 1.0 * ACK_WAIT_SECONDS, 3.0 * ACK_WAIT_SECONDS),
    "duplicate": (1.0, 3.0),
    "delay": (1.0, 3.0),
    "reorder": (1.0, 3.0),
    "cut": (0.0, 0.5, 2.0, 6.0),
}
MOST_FACTS = 40
OVERLAP = 0.2  # of all faults come while the one before goes on


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that goes wrong."""

    kind: str
    victim: str
    after: int  # facts since the fault before was survived; 0: while it goes on
    delay: float  # seconds after that
    seconds: float = 0.0  # how long it lasts; what is killed stays dead
    draw: float = 0.0  # in [0, 1): decides what is left open: which replica, how much is lost


def plan(seed: int, count: int, kinds: Sequence[str] = KINDS) -> list[Fault]:
    """The faults of a seed; every kind and victim equally often, in any order."""
    chance = random.Random(seed)
    deck = [(kind, victim) for kind in kinds for victim in VICTIMS[kind]]
    faults: list[Fault] = []
    while len(faults) < count:
        chance.shuffle(deck)
        for kind, victim in deck[: count - len(faults)]:
            faults.append(_fault(chance, kind, victim, faults[-1] if faults else None))
    return faults


def overlapping(faults: Sequence[Fault]) -> list[list[Fault]]:
    """The faults that happen together; the next ones come once those were survived."""
    groups: list[list[Fault]] = []
    for fault in faults:
        if fault.after or not groups:
            groups.append([])
        groups[-1].append(fault)
    return groups


def _fault(chance: random.Random, kind: str, victim: str, before: Fault | None) -> Fault:
    alone = before is None or kind in DOWN or before.kind in DOWN
    after = chance.randint(1, MOST_FACTS)
    overlaps = chance.random() < OVERLAP
    return Fault(
        kind=kind,
        victim=victim,
        after=after if alone or not overlaps else 0,
        delay=round(chance.uniform(0.0, 0.05), 4),
        seconds=chance.choice(SECONDS.get(kind, (0.0,))),
        draw=chance.random(),
    )
