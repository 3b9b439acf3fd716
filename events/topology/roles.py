"""Permissions to publish, request, read and write, as data: one role for each process.

NATS accounts, S3 policies and the table in docs/security.md derive from this. The rights of the
pipeline's functions to publish and invoke derive from events/pipeline/flow.py.
"""

from typing import NamedTuple

from faastraingym.events.pipeline import flow, subjects
from faastraingym.events.topology.streams import ASYNC, DEAD, FACTS, OPEN, STREAMS, USAGE
from faastraingym.schemas.keys import (
    DATASETS,
    ENVIRONMENTS,
    ERROR,
    EXPERIMENTS,
    MODELS,
    POLICIES,
    RUNS,
    STATES,
    removal,
)
from faastraingym.schemas.messages import FACTS as FACT_TYPES
from faastraingym.schemas.messages import tag

ANY = "*"
SUPERVISOR = "supervisor"  # owns streams and bucket: starts a stack, is mounted by no function
OPERATOR, QUEUE_WORKER = flow.OPERATOR, flow.QUEUE_WORKER
GATEWAY = "gateway"
EXPORTER = "exporter"
TRIGGER = "trigger"  # starts runs from outside: a pipeline, a store's notifications
# All other roles are functions.
PROCESSES = (SUPERVISOR, OPERATOR, QUEUE_WORKER, GATEWAY, EXPORTER, TRIGGER, "observer")


class Role(NamedTuple):
    """The permissions of a login; in patterns of keys, `*` stands for any text."""

    says: tuple[str, ...] = ()  # topics of facts
    sends: tuple[str, ...] = ()  # other subjects: commands, dead letters, settlements
    asks: tuple[str, ...] = ()  # JetStream's API, without its prefix
    reads: tuple[str, ...] = ()  # keys; may list the bucket then
    writes: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()

    @property
    def stores(self) -> bool:
        """Whether it needs a login of the object store."""
        return bool(self.reads or self.writes or self.deletes)


READ_FACTS = (f"DIRECT.GET.{FACTS.name}", f"STREAM.INFO.{FACTS.name}")
READ_USAGE = (f"DIRECT.GET.{USAGE.name}",)
READ_SIZES = tuple(f"STREAM.INFO.{stream.name}" for stream in STREAMS)
# Consumers under names that are not a function's: the deny list of adapters/nats/accounts.py.
FOLLOW = (f"CONSUMER.CREATE.{FACTS.name}.*", f"CONSUMER.MSG.NEXT.{FACTS.name}.*")
DELIVER = tuple(
    f"CONSUMER.{verb}.{stream.name}.*"
    for stream in (FACTS, ASYNC, OPEN)
    for verb in ("CREATE", "MSG.NEXT")
)
READ_DEAD = (f"DIRECT.GET.{DEAD.name}", f"STREAM.MSG.DELETE.{DEAD.name}")
# Which commands of the run are left, and the removal of its facts and its cost (ADR 68).
REMOVE = (f"DIRECT.GET.{ASYNC.name}", *(f"STREAM.PURGE.{s.name}" for s in (FACTS, USAGE)))
ENSURE = tuple(f"STREAM.{v}.{stream.name}" for stream in STREAMS for v in ("CREATE", "UPDATE"))


def commands(*functions: str) -> tuple[str, ...]:
    """The subjects of all work for these functions."""
    return tuple(map(subjects.of_command, functions))


def function(name: str, **more: tuple[str, ...]) -> Role:
    """The role of a function: every one reads facts and objects, and meters itself.

    A function of the pipeline also invokes the makers of missing objects (ADR 15).
    """
    metered = tuple(f"ftg-usage.*.{of}" for of in more.pop("meters", (name,)))
    rights = {"sends": metered, "asks": READ_FACTS, "reads": ("runs/*",)}
    if name in flow.FUNCTIONS:
        everything = name == flow.RECONCILE  # it publishes lost facts, and invokes any function
        rights |= {
            "says": (ANY,) if everything else topics(name),
            "sends": rights["sends"] + commands(*((ANY,) if everything else flow.invokes(name))),
            "writes": tuple(f"runs/*/{pattern}" for pattern in flow.written(name)),
        }
    return Role(**{what: rights.get(what, ()) + more.get(what, ()) for what in rights | more})


def topics(name: str) -> tuple[str, ...]:
    """The topics of the facts that a function or process publishes."""
    return tuple(tag(kind) for kind in flow.sent(name) if kind in FACT_TYPES)


PACKAGES = (f"{ENVIRONMENTS}*",)  # code that functions import: nobody but the operator writes it
EPISODES = (f"{DATASETS}*",)  # with which runs begin, from the operator's machine
REGISTERED = (f"{MODELS}*",)  # policies; nobody but the operator writes them
BROUGHT = (f"{POLICIES}*",)  # from files, to be evaluated; likewise
CARRIED = (f"{STATES}*",)  # of environments, by callers
INBOX, ERRORS = (f"{EXPERIMENTS}*",), (f"{EXPERIMENTS}*{ERROR}",)
MORE: dict[str, dict[str, tuple[str, ...]]] = {  # rights that the flow does not have
    "start-run": {
        "reads": INBOX + PACKAGES + EPISODES + REGISTERED + BROUGHT,
        "writes": ERRORS,
        "deletes": ERRORS,
    },
    "plan-update": {  # the specification's retention
        "deletes": tuple(f"runs/*/{o.pattern}" for o in flow.OBJECTS.values() if o.pruned)
    },
    **{name: {"reads": PACKAGES} for name in ("rollout", "evaluate")},
    "aggregate-rewards": {"meters": ("*",)},  # reward functions of one's own, too
    "update-policy": {"reads": EPISODES + REGISTERED + BROUGHT},
    "conclude-run": {"asks": READ_USAGE},
    "announce-model": {"reads": REGISTERED},
    "act": {"reads": REGISTERED},
    "env-step": {"reads": REGISTERED + PACKAGES + CARRIED, "writes": CARRIED},
    flow.RECONCILE: {
        "asks": READ_USAGE,  # costs, of lost reports
        "reads": INBOX + REGISTERED,
        "deletes": CARRIED,
    },
}

ROLES: dict[str, Role] = {
    **{name: function(name, **MORE.get(name, {})) for name in flow.DEPLOYED},
    QUEUE_WORKER: Role(
        says=topics(QUEUE_WORKER),
        sends=(
            *DEAD.subjects,
            *commands(*flow.commanded(QUEUE_WORKER)),  # of rollouts that are late
            "ftg-usage.*.*",  # of attempts whose replica died
            *(f"$JS.ACK.{stream.name}.>" for stream in (FACTS, ASYNC, OPEN)),
        ),
        asks=(READ_FACTS[0], *READ_USAGE, *READ_SIZES, *ENSURE, *DELIVER),
    ),
    GATEWAY: Role(sends=(*commands(ANY), *OPEN.subjects)),
    EXPORTER: Role(
        asks=(
            *(f"DIRECT.GET.{stream.name}" for stream in (FACTS, USAGE, ASYNC, OPEN)),
            *READ_SIZES,
            *(f"CONSUMER.LIST.{stream.name}" for stream in (FACTS, ASYNC, OPEN)),
        )
    ),
    OPERATOR: Role(
        says=topics(OPERATOR),
        sends=commands(ANY),  # `faastrain dead replay`
        asks=(READ_FACTS[0], *READ_SIZES, *READ_USAGE, *READ_DEAD, *FOLLOW, *REMOVE),
        reads=(ANY,),
        writes=(*PACKAGES, *EPISODES, *REGISTERED, *BROUGHT, removal(ANY)),
        deletes=(*PACKAGES, *EPISODES, *BROUGHT, f"{MODELS}*/triggers/*", f"{RUNS}*"),
    ),
    TRIGGER: Role(sends=(subjects.STARTS,), reads=(*INBOX, "runs/*/report*"), writes=INBOX),
    "observer": Role(
        asks=(READ_FACTS[0], *READ_SIZES, *READ_USAGE, *FOLLOW), reads=("runs/*/report*",)
    ),
    SUPERVISOR: Role(reads=(ANY,), writes=(ANY,), deletes=(ANY,)),
}


def of(name: str) -> Role:
    """The role of a process; other functions have the rights of every function."""
    return ROLES.get(name) or function(name)


def nats_secret(name: str) -> str:
    """The OpenFaaS secret with a role's login of the broker, `user:password`."""
    return f"ftg-nats-{name}"


def s3_secret(name: str) -> str:
    """The OpenFaaS secret with a role's login of the store, `access key:secret key`."""
    return f"ftg-s3-{name}"
