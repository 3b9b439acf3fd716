"""Who may say, ask, read and write what, as data: one role for each process of the pipeline.

NATS accounts (adapters/nats/accounts.py), S3 policies (adapters/s3/policies.py) and the table in
docs/security.md are made from this, and nothing else says it.
"""

from typing import NamedTuple

from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import ASYNC, DEAD, FACTS, OPEN, STREAMS, USAGE
from faastraingym.schemas.keys import ERROR, EXPERIMENTS

ANY = "*"
SUPERVISOR = "supervisor"  # owns streams and bucket: starts a stack, is mounted by no function
OPERATOR = "operator"
QUEUE_WORKER = "queue-worker"
GATEWAY = "gateway"
EXPORTER = "exporter"
TRIGGER = "trigger"  # whoever has runs started from outside: a pipeline, a store's notifications
# All others are functions.
PROCESSES = (SUPERVISOR, OPERATOR, QUEUE_WORKER, GATEWAY, EXPORTER, TRIGGER, "observer")


class Role(NamedTuple):
    """What a login may do; whatever is not here is refused by the server.

    Keys are patterns in which `*` stands for any text, as in S3's policies.
    """

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
ENSURE = tuple(f"STREAM.{v}.{stream.name}" for stream in STREAMS for v in ("CREATE", "UPDATE"))


def commands(*functions: str) -> tuple[str, ...]:
    """The subjects of all work for these functions."""
    return tuple(map(subjects.of_command, functions))


# Whoever misses an object asks its makers for it, and those of what it is made from (ADR 15).
MAKERS = ("start-run", "rollout", "aggregate-rewards", "update-policy", "evaluate")
RESTORE = commands(*MAKERS)


def function(name: str, **more: tuple[str, ...]) -> Role:
    """What every function may: read facts and its runs' objects, and meter itself."""
    rights = {"sends": (f"ftg-usage.*.{name}",), "asks": READ_FACTS, "reads": ("runs/*",)}
    return Role(**{what: rights.get(what, ()) + more.get(what, ()) for what in rights | more})


ROLES: dict[str, Role] = {
    "start-run": function(
        "start-run",
        says=("run.requested", "run.started", "run.failed"),
        sends=(*RESTORE, *commands("plan-update", "conclude-run")),  # to be warm
        reads=(f"{EXPERIMENTS}*",),
        writes=("runs/*/manifest.msgpack", f"{EXPERIMENTS}*{ERROR}"),
        deletes=(f"{EXPERIMENTS}*{ERROR}",),
    ),
    "rollout": function(
        "rollout",
        says=("rollout.completed",),
        sends=RESTORE,
        writes=("runs/*/trajectories/*",),
    ),
    "aggregate-rewards": function(
        "aggregate-rewards",
        says=("rewards.ready", "evaluation.completed"),
        sends=RESTORE,
        writes=("runs/*/rewards/*", "runs/*/evaluations/*"),
    ),
    "plan-update": function(
        "plan-update",
        sends=(*RESTORE, *commands("plan-update", "conclude-run")),  # what a resumed run needs
        deletes=tuple(  # the specification's retention
            f"runs/*/{kind}/*" for kind in ("trajectories", "rewards", "learner", "policies")
        ),
    ),
    "update-policy": function(
        "update-policy",
        says=("policy.updated",),
        sends=(*RESTORE, *commands("plan-update")),
        writes=("runs/*/policies/*", "runs/*/learner/*"),
    ),
    "evaluate": function(
        "evaluate",
        says=("episodes.evaluated", "evaluation.completed"),
        sends=RESTORE,
        writes=("runs/*/episodes/*", "runs/*/evaluations/*"),
    ),
    "conclude-run": function(
        "conclude-run",
        says=("run.completed", "run.failed", "run.unreported", "report.written"),
        sends=RESTORE,
        asks=READ_USAGE,
        writes=("runs/*/report*.json", "runs/*/learning_curve*.png", "runs/*/log/*"),
    ),
    "reconcile": function(
        "reconcile",
        says=(ANY,),
        sends=commands(ANY),
        reads=(f"{EXPERIMENTS}*",),
        writes=("runs/*/log/*",),
    ),
    QUEUE_WORKER: Role(
        says=("invocation.dead-lettered",),
        sends=(
            *DEAD.subjects,
            "ftg-usage.*.*",  # of attempts whose replica died and told nothing
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
        says=("run.requested", "run.resumed", "run.stop-requested"),
        sends=commands(ANY),  # `faastrain dead replay`
        asks=(READ_FACTS[0], *READ_SIZES, *READ_USAGE, *READ_DEAD, *FOLLOW),
        reads=(ANY,),
    ),
    TRIGGER: Role(
        sends=(subjects.STARTS,),
        reads=(f"{EXPERIMENTS}*", "runs/*/report*"),
        writes=(f"{EXPERIMENTS}*",),
    ),
    "observer": Role(
        asks=(READ_FACTS[0], *READ_SIZES, *READ_USAGE, *FOLLOW), reads=("runs/*/report*",)
    ),
    SUPERVISOR: Role(reads=(ANY,), writes=(ANY,), deletes=(ANY,)),
}


def of(name: str) -> Role:
    """The role of a process; a function that is not ours gets what every function may."""
    return ROLES.get(name) or function(name)


def nats_secret(name: str) -> str:
    """The OpenFaaS secret with a role's login of the broker, `user:password`."""
    return f"ftg-nats-{name}"


def s3_secret(name: str) -> str:
    """The OpenFaaS secret with a role's login of the store, `access key:secret key`."""
    return f"ftg-s3-{name}"
