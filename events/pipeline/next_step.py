"""What a version, or its rewards, lead to: the update, and the batch to be collected next. Pure.

With a policy lag collecting runs beside the updates: batch v+1 waits for batch v, from which its
rollouts go on, and for the policy that acts, up to `max_policy_lag` versions behind. The update
of version v waits for that version and for batch v. These come in any order; a step is planned
from the one that comes last.
"""

from faastraingym.events.pipeline import follow_ups, subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import acting, learning, on_segment, plan
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    PolicyUpdated,
    RewardsReady,
    UpdatePolicy,
)
from faastraingym.schemas.specification import RunSpec

Received = RewardsReady | PolicyUpdated
Planned = list[UpdatePolicy | CollectRollout | EvaluatePolicy | Invocation]


def collects(spec: RunSpec, received: Received) -> int:
    """The version whose batch may be collected, now that `received` was published."""
    ahead = 1 if isinstance(received, RewardsReady) else spec.rollout.max_policy_lag
    return received.version + ahead


def filters(spec: RunSpec, received: Received) -> list[str]:
    """Filters for the facts that say whether the steps from `received` are due, or were made."""
    run, version = received.run, received.version
    if not spec.rollout.max_policy_lag:  # then the rewards name the version that learns
        return [subjects.of_kind(PolicyUpdated, run, version + 1)]
    batch = collects(spec, received)
    acts = acting(spec, batch)
    return [
        *(subjects.of_kind(PolicyUpdated, run, v) for v in sorted({version, version + 1, acts})),
        *(subjects.of_kind(RewardsReady, run, v) for v in range(acts, batch + 1)),
    ]


def lacking(spec: RunSpec, received: Received, history: History) -> list[str]:
    """Subjects of the facts without which a step from `received` is not due.

    If one of them has not been published yet, its receiver finds `received` in the log.
    """
    batch = collects(spec, received)
    if isinstance(received, PolicyUpdated):
        rewards = {received.version, batch - 1} - {*history.rewards}
        return [subjects.of_kind(RewardsReady, received.run, v) for v in sorted(rewards)]
    versions = set() if learning(received, history) else {received.version}
    if spec.rollout.max_policy_lag:
        versions |= {acting(spec, batch)} - {*history.policies}
    return [subjects.of_kind(PolicyUpdated, received.run, v) for v in sorted(versions)]


def next_step(spec: RunSpec, received: Received, history: History) -> Planned:
    """The update and the rollouts that are due, or the end that was requested.

    That an update was made does not mean that its rollouts were sent, so each is decided alone.

    Args:
        spec: the manifest's.
        received: what is planned from.
        history: at least the run's life, and what `filters` name.
    """
    segment = on_segment(spec, history.resumed)
    update, rollouts = (
        _update(segment, received.version, history),
        collect(segment, collects(segment, received), history),
    )
    if history.end or not (update or rollouts):
        return []
    if history.stop:  # it may have come before version 0
        return [invocation(history.stop)]
    return [*update, *rollouts]


def collect(spec: RunSpec, batch: int, history: History) -> list[CollectRollout]:
    """The rollouts of a batch beside an update, unless it is whole or beyond the budget."""
    before, acts = history.rewards.get(batch - 1), acting(spec, batch)
    under = history.policies.get(acts)
    learnt = [history.rewards.get(version) for version in range(acts, batch)]
    if (
        not spec.rollout.max_policy_lag
        or before is None
        or under is None
        or batch in history.rewards
    ):
        return []
    known = [ready.env_steps for ready in learnt if ready]
    if len(known) < len(learnt) or under.policy.env_steps + sum(known) >= spec.stop.env_steps:
        return []
    return follow_ups.of_batch(history, spec, batch)


def _update(spec: RunSpec, version: int, history: History) -> list[UpdatePolicy | EvaluatePolicy]:
    """The update of a version, unless it is made."""
    ready = history.rewards.get(version)
    before = learning(ready, history) if ready else None
    if ready is None or before is None or version + 1 in history.policies:
        return []
    if before.env_steps >= spec.stop.env_steps:  # resumed to a budget that is spent by now
        return [*follow_ups.evaluation(ready, before, spec)]
    return [plan(spec, before, ready)]
