"""What of a run is no longer needed, by the rule of its specification: pure."""

from collections.abc import Iterator

from events.history import History
from events.planning import is_evaluated
from schemas import keys
from schemas.messages import RewardsReady, RunCompleted
from schemas.specification import RunSpec


def expendable(spec: RunSpec, ready: RewardsReady, history: History) -> list[str]:
    """The keys of the newest version that the run keeps no longer, now that `ready` was said.

    At least two versions stay: the next one is learnt from the newest, its rollouts go on where
    those of the newest stopped, and what is lost of the newest is made from the one before. The
    policies of evaluated versions, and of those with which a leg ended, stay for good.
    """
    if spec.retention.versions is None:
        return []
    version = ready.version - spec.retention.versions
    return list(_objects(spec, ready.run, version, history)) if version >= 0 else []


def _objects(spec: RunSpec, run: str, version: int, history: History) -> Iterator[str]:
    yield from (keys.trajectory(run, version, index) for index in range(spec.rollout.count))
    yield keys.learner(run, version)
    if spec.reward:
        yield keys.rewards(run, version)
    if not (is_evaluated(spec, version) or _ended_with(version, history)):
        yield keys.policy(run, version)


def _ended_with(version: int, history: History) -> bool:
    ends = (leg.end for leg in history.legs.values())
    return any(isinstance(end, RunCompleted) and end.policy.version == version for end in ends)
