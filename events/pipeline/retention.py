"""What of a run is no longer needed, by the rule of its specification: pure."""

from collections.abc import Iterator

from faastraingym.algorithms import registry
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import is_evaluated
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RewardsReady
from faastraingym.schemas.specification import RunSpec


def expendable(spec: RunSpec, ready: RewardsReady, history: History) -> list[str]:
    """The keys of the newest version that the run keeps no longer, now that `ready` was published.

    At least two versions stay: the next one is learnt from the newest, its rollouts go on where
    those of the newest stopped, and what is lost of the newest is made from the one before. So do
    the versions that the updates of these two replay. The policies of evaluated versions, also of
    those whose evaluation is still to come, and of those with which a segment ended, well or badly,
    stay for good.

    Args:
        spec: the run's.
        ready: what is planned from.
        history: at least the run's life, and whether `pruned` was to be evaluated.
    """
    version = pruned(spec, ready.version)
    return [] if version is None else list(_objects(spec, ready.run, version, history))


def pruned(spec: RunSpec, version: int) -> int | None:
    """The version that the run keeps no longer, once `version` is planned from."""
    if spec.retention.versions is None:
        return None
    replayed = registry.rules(spec).replayed_versions(spec)
    # what acted is needed too
    kept = max(spec.retention.versions, spec.rollout.max_policy_lag + 1, replayed + 2)
    return version - kept if version >= kept else None


def _objects(spec: RunSpec, run: str, version: int, history: History) -> Iterator[str]:
    yield from (keys.trajectory(run, version, index) for index in range(spec.rollout.count))
    yield keys.learner(run, version)
    if spec.reward:
        yield keys.rewards(run, version)
    updated = history.policies.get(version)
    promised = updated is not None and updated.evaluate
    if not (promised or is_evaluated(spec, version) or _ended_with(version, history)):
        yield keys.policy(run, version)


def _ended_with(version: int, history: History) -> bool:
    ends = (segment.end for segment in history.segments.values())
    return any(end and end.policy and end.policy.version == version for end in ends)
