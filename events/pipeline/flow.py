"""The pipeline as data: who sends each message, who receives it, what completes it.

Permissions, the function of a command, what recovery invokes again, the maker of a lost object,
AsyncAPI and docs/pipeline.svg derive from this. Tests hold stack.yml and the stages to it (ADR 36).
"""

from collections.abc import Mapping
from typing import NamedTuple

from faastraingym.schemas import messages as m

OPERATOR, QUEUE_WORKER = "operator", "queue-worker"
EVERY_STAGE = "stage"  # every function of the pipeline
RECONCILE = "reconcile"  # publishes every fact that the broker lost, and missing commands
VERSION = ("update-policy", "plan-update", RECONCILE)  # senders of a version's commands
PROCESSES = (OPERATOR, QUEUE_WORKER, EVERY_STAGE)  # senders that are no functions
COMPETE, KEEP = "configurations compete", "a policy is kept"  # parts of the flow that are of no run
RECOVERS = ("plan-update", RECONCILE)  # they issue missing commands; the first: of a resumed run

Names = tuple[str, ...]
Kinds = tuple[type[m.Message], ...]


class Line(NamedTuple):
    """One type of message on its way."""

    message: type[m.Message]
    senders: Names = ()  # functions and processes; RECONCILE sends every fact, too
    subscribers: Names = ()  # functions that the queue-worker delivers the fact to
    invoked: Names = ()  # functions that its sender invokes with it
    done: Kinds = ()  # one of these exists, by its `outcome`, once all that it asks for was done
    rank: int = 1  # lost facts are published again in this order: effects before causes


class Objects(NamedTuple):
    """One kind of object of a run."""

    pattern: str  # of keys below the run's; `*` is any text
    made: Mapping[type[m.Message], str] = {}  # its makers, by the message that it is made from
    writers: Names = ()  # of an object that is never made again
    pruned: bool = False  # whether retention removes old ones


# Ranks: a version comes before the fact from which it was made, so that the receiver of that fact
# sees that nothing is left to do. With a policy lag, rewards lead to the next rewards, too. The
# request comes last: functions that decide by the whole log wait until it exists.
FLOW: dict[str, tuple[Line, ...]] = {
    "a run is asked for": (
        Line(m.RunRequested, (OPERATOR, "start-run", "plan-experiment"), ("start-run",), rank=5),
        Line(m.HearUpload, (RECONCILE,), invoked=("start-run",)),
        Line(m.UploadHeard),
    ),
    "a batch is collected": (
        Line(  # the queue-worker sends the second, early one of a rollout that is late
            m.CollectRollout,
            (*VERSION, QUEUE_WORKER),
            invoked=("rollout",),
            done=(m.RolloutCompleted,),
        ),
        Line(m.RolloutReissued, (QUEUE_WORKER,)),
        Line(m.RolloutCompleted, ("rollout",), ("aggregate-rewards",), rank=3),
        Line(m.RewardsReady, ("aggregate-rewards",), ("plan-update",), rank=2),
    ),
    "a version is made": (
        Line(m.RunStarted, ("start-run",), ("update-policy",), done=(m.RewardsReady,), rank=4),
        Line(m.UpdatePolicy, ("plan-update",), invoked=("update-policy",), done=(m.RewardsReady,)),
        # RECONCILE publishes it too, as every fact (`senders`); invocations are for a policy lag
        Line(m.PolicyUpdated, ("update-policy",), invoked=("plan-update",), rank=0),
    ),
    "a version is evaluated": (
        Line(
            m.EvaluatePolicy,
            VERSION,
            invoked=("evaluate",),
            done=(m.EpisodesEvaluated, m.EvaluationCompleted),
        ),
        Line(m.EpisodesEvaluated, ("evaluate",), ("aggregate-rewards",)),
        Line(m.EvaluationCompleted, ("evaluate", "aggregate-rewards"), ("conclude-run",)),
    ),
    "a run ends, or goes on": (
        Line(m.RunResumed, (OPERATOR, "plan-experiment"), ("plan-update",)),
        Line(m.StopRequested, (OPERATOR, "plan-experiment"), ("conclude-run",)),
        Line(m.InvocationDeadLettered, (QUEUE_WORKER,), ("conclude-run",)),
        Line(m.RunStalled),
        Line(m.RunCompleted, ("conclude-run",), ("conclude-run",), rank=0),
        Line(m.RunFailed, ("start-run", "conclude-run"), ("conclude-run",), rank=0),
        Line(m.RunUnreported, ("conclude-run",)),
        Line(m.ReportWritten, ("conclude-run",)),
        Line(m.RunRemoved, (OPERATOR,)),
    ),
    COMPETE: (
        Line(m.ExperimentRequested, (OPERATOR, "start-run"), ("start-run",), rank=5),
        Line(m.ExperimentStarted, ("start-run",), ("plan-experiment",), rank=4),
        Line(m.TrialRequested, ("plan-experiment",), ("plan-experiment",), rank=3),
        Line(m.TrialReported, ("conclude-run",), ("plan-experiment",), rank=2),
        Line(m.TrialDecided, ("plan-experiment",), ("plan-experiment",)),
        Line(m.ExperimentStopRequested, (OPERATOR,), ("plan-experiment",)),
        Line(m.ExperimentCompleted, ("plan-experiment",), ("plan-experiment",), rank=0),
        Line(
            m.ExperimentFailed,
            ("start-run", "plan-experiment", "conclude-run"),
            ("plan-experiment",),
            rank=0,
        ),
    ),
    KEEP: (
        Line(m.ModelRegistered, (OPERATOR,), ("announce-model",)),
        Line(m.ModelPromoted, (OPERATOR,), ("announce-model", "start-run")),
    ),
    "beside the pipeline": (
        Line(
            m.WarmUp,
            ("start-run",),
            invoked=("rollout", "aggregate-rewards", "plan-update", "evaluate", "conclude-run"),
        ),
        Line(m.RestoreObject, (EVERY_STAGE,)),  # it invokes the makers of objects
        Line(m.InvocationCompleted, (EVERY_STAGE,)),
    ),
}

_LEARNT: Mapping[type[m.Message], str] = dict.fromkeys(
    (m.RunStarted, m.UpdatePolicy), "update-policy"
)
OBJECTS = {
    "manifest": Objects("manifest.msgpack", {m.RunRequested: "start-run"}),
    "trajectories": Objects("trajectories/*", {m.CollectRollout: "rollout"}, pruned=True),
    "rewards": Objects("rewards/*", {m.RewardsReady: "aggregate-rewards"}, pruned=True),
    "policies": Objects("policies/*", _LEARNT, pruned=True),
    "learner": Objects("learner/*", _LEARNT, pruned=True),
    "episodes": Objects("episodes/*", {m.EvaluatePolicy: "evaluate"}),
    "evaluations": Objects(  # the merge of its pieces makes a divided one
        "evaluations/*", {m.EvaluatePolicy: "evaluate", m.EpisodesEvaluated: "aggregate-rewards"}
    ),
    "recordings": Objects("recordings/*", writers=("evaluate",)),
    "report": Objects("report*.json", writers=("conclude-run",)),
    "learning_curve": Objects("learning_curve*.png", writers=("conclude-run",)),
    "log": Objects("log/*", writers=("conclude-run", "plan-experiment", RECONCILE)),
}

LINES = {line.message: line for lines in FLOW.values() for line in lines}
RESTORABLE = tuple(kind for kind, objects in OBJECTS.items() if objects.made)
_NAMED = [n for line in LINES.values() for n in (*line.subscribers, *line.invoked)]
_NAMED += [n for line in LINES.values() for n in line.senders]
FUNCTIONS = (*dict.fromkeys(n for n in _NAMED if n not in (*PROCESSES, RECONCILE)), RECONCILE)
# Functions that answer callers from outside; they hear and say no message of the pipeline.
ANSWERING: Names = ("env-step", "act")
DEPLOYED = (*FUNCTIONS, *ANSWERING)
MAKERS = tuple(f for f in FUNCTIONS if any(f in o.made.values() for o in OBJECTS.values()))


def senders(kind: type[m.Message]) -> Names:
    """The senders of a message type."""
    return LINES[kind].senders + ((RECONCILE,) if kind in m.FACTS else ())


def receivers(kind: type[m.Message]) -> Names:
    """The functions that receive a message type; recovery invokes the first of them."""
    line = LINES[kind]
    return line.subscribers + line.invoked


def received(function: str) -> Kinds:
    """The types of messages that a function receives."""
    return tuple(kind for kind in LINES if function in receivers(kind) and kind is not m.WarmUp)


def sent(name: str) -> Kinds:
    """The types of messages that a function or process sends."""
    return tuple(kind for kind in LINES if name in senders(kind))


def commanded(name: str) -> Names:
    """The functions that a function or process sends commands to."""
    asked = {f for line in LINES.values() if name in line.senders for f in line.invoked}
    return tuple(f for f in FUNCTIONS if f in asked)


def invokes(function: str) -> Names:
    """The functions that a function invokes: makers of lost objects, and receivers of its work."""
    asked = {*commanded(function)}
    if function in RECOVERS:  # runs; reconcile may invoke any function for experiments, too
        of_runs = (lines for part, lines in FLOW.items() if part not in (COMPETE, KEEP))
        kinds = [line.message for lines in of_runs for line in lines]
        asked |= {receivers(kind)[0] for kind in kinds if receivers(kind)}
    return MAKERS + tuple(f for f in FUNCTIONS if f in asked and f not in MAKERS)


def written(function: str) -> Names:
    """The patterns of objects that a function writes, below a run's key."""
    return tuple(
        objects.pattern
        for objects in OBJECTS.values()
        if function in (*objects.made.values(), *objects.writers)
    )
