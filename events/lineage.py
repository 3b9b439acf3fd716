"""What an object was made from, so that a lost one can be made again, bit for bit: pure.

Everything derives from identity and seeds, as partitions of Spark's RDDs do from their lineage
(Zaharia et al. 2012): whoever made the object makes it again from the message that it had.
"""

from events import recovery
from events.commands import Invocation
from events.history import History
from events.planning import learning, on_leg, plan
from schemas import keys
from schemas.errors import RunFault
from schemas.messages import EvaluatePolicy, Origin, RestoreObject
from schemas.references import ObjectRef
from schemas.specification import RunSpec


def restoration(
    lost: ObjectRef, history: History, spec: RunSpec | None, attempt: int = 0
) -> Invocation:
    """The invocation of whoever made `lost` to make it again.

    Args:
        lost: the reference that the object no longer answers to.
        history: of the object's run.
        spec: the manifest's; None when it is the manifest that is lost.
        attempt: tells one request for the same object from a later one.

    Raises:
        RunFault: the log does not say what the object was made from.
    """
    made = _made(lost.key, history, spec)
    if made is None:
        raise RunFault(f"object {lost.key} is lost, and the log does not say how it was made")
    function, origin = made
    return Invocation(function, RestoreObject(run=origin.run, object=lost, origin=origin), attempt)


def _made(key: str, history: History, spec: RunSpec | None) -> tuple[str, Origin] | None:
    """Which function made the object with this key, from which message."""
    kind, version, slot = keys.place(key)
    if kind == "manifest":
        return ("start-run", history.requested) if history.requested else None
    updated, ready = history.policies.get(version), history.rewards.get(version)
    if spec is None:
        return None
    spec = on_leg(spec, history.resumed)
    match kind:
        case "trajectories":
            slots = recovery.rollouts(history, spec, version)
            return ("rollout", slots[slot]) if slot < len(slots) else None
        case "policies" | "learner" if updated:
            update = _update(version, history, spec)
            return ("update-policy", update) if update else None
        case "rewards":
            return ("aggregate-rewards", ready) if ready else None
        case "evaluations" if updated:
            command = EvaluatePolicy(
                run=updated.run, manifest=updated.manifest, policy=updated.policy
            )
            return ("evaluate", command)
    return None


def _update(version: int, history: History, spec: RunSpec) -> Origin | None:
    if version == 0:
        return history.started
    ready = history.rewards.get(version - 1)
    before = learning(ready, history) if ready else None
    return plan(spec, before, ready) if ready and before else None
