"""Which objects a run no longer needs, by the rule of its specification: pure."""

from faastraingym.algorithms import registry
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import is_evaluated
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RewardsReady
from faastraingym.schemas.specification import RunSpec


def expendable(spec: RunSpec, ready: RewardsReady, history: History) -> list[str]:
    """The keys of the version that the run no longer keeps, now that `ready` was published.

    At least two versions stay: the next one is learnt from the newest, its rollouts continue those
    of the newest, and lost objects of the newest are made from the version before. The versions
    that the updates of these two replay stay as well. The policies of versions that are or will be
    evaluated, or with which a segment ended, are never removed. `history` holds at least the run's
    life and the version `pruned`.
    """
    run, version = ready.run, pruned(spec, ready.version)
    if version is None:
        return []
    found = [keys.trajectory(run, version, index) for index in range(spec.rollout.count)]
    found.append(keys.learner(run, version))
    if spec.reward:
        found.append(keys.rewards(run, version))
    updated = history.policies.get(version)
    promised = updated is not None and updated.evaluate
    ends = (segment.end for segment in history.segments.values())
    ended = any(end and end.policy and end.policy.version == version for end in ends)
    if not (promised or ended or is_evaluated(spec, version)):
        found.append(keys.policy(run, version))
    return found


def pruned(spec: RunSpec, version: int) -> int | None:
    """The version that the run no longer keeps once `version` is planned from."""
    if spec.retention.versions is None:
        return None
    kept = max(spec.retention.versions, spec.rollout.max_policy_lag + 1, _replayed(spec))
    return version - kept if version >= kept else None


def _replayed(spec: RunSpec) -> int:
    """The versions that replay needs: the window of the version before the newest, and what the
    oldest trajectory in it is made from: the one before, and the policy that acted.
    """
    replayed = registry.rules(spec).replayed_versions(spec)
    return replayed + 2 + max(1, spec.rollout.max_policy_lag) if replayed else 0
