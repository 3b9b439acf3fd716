"""The steps that follow a version or its rewards: the update, and the next batch. Pure.

With a policy lag, rollouts are collected beside the updates: batch v+1 waits for batch v, whose
rollouts it continues, and for the policy that acts, up to `max_policy_lag` versions behind. The
update of version v waits for that version and for batch v. These come in any order; the step is
planned from the one that comes last.
"""

from faastraingym.events.pipeline import follow_ups, subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import acting, learning, on_segment, plan
from faastraingym.schemas import messages as m
from faastraingym.schemas.specification import RunSpec

Received = m.RewardsReady | m.PolicyUpdated
Planned = list[m.UpdatePolicy | m.CollectRollout | m.EvaluatePolicy | Invocation]


def collects(spec: RunSpec, received: Received) -> int:
    """The version whose batch may be collected, now that `received` was published."""
    ahead = 1 if isinstance(received, m.RewardsReady) else spec.rollout.max_policy_lag
    return received.version + ahead


def filters(spec: RunSpec, received: Received) -> list[str]:
    """Filters for the facts that say whether the steps from `received` are due, or were made."""
    run, version = received.run, received.version
    if not spec.rollout.max_policy_lag:  # then the rewards name the version that learns
        return [subjects.of_kind(m.PolicyUpdated, run, version + 1)]
    batch = collects(spec, received)
    acts = acting(spec, batch)
    return [
        *(subjects.of_kind(m.PolicyUpdated, run, v) for v in sorted({version, version + 1, acts})),
        *(subjects.of_kind(m.RewardsReady, run, v) for v in range(acts, batch + 1)),
    ]


def lacking(spec: RunSpec, received: Received, history: History) -> list[str]:
    """Subjects of missing facts without which a step from `received` is not due.

    The receiver of each of them, if it is published later, finds `received` in the log.
    """
    batch = collects(spec, received)
    if isinstance(received, m.PolicyUpdated):
        rewards = {received.version, batch - 1} - {*history.rewards}
        return [subjects.of_kind(m.RewardsReady, received.run, v) for v in sorted(rewards)]
    versions = set() if learning(received, history) else {received.version}
    if spec.rollout.max_policy_lag:
        versions |= {acting(spec, batch)} - {*history.policies}
    return [subjects.of_kind(m.PolicyUpdated, received.run, v) for v in sorted(versions)]


def next_step(spec: RunSpec, received: Received, history: History) -> Planned:
    """The update and the rollouts that are due, or the end that was requested.

    An update that was made does not prove that its rollouts were sent, so each is decided alone.
    `history` holds at least the run's life and the facts that `filters` name.
    """
    segment = on_segment(spec, history.resumed)
    update = _update(segment, received.version, history)
    rollouts = collect(segment, collects(segment, received), history)
    if history.end or history.removed or not (update or rollouts):
        return []
    if history.newest.stop:  # it may have come before version 0
        return [invocation(history.newest.stop)]
    return [*update, *rollouts]


def collect(spec: RunSpec, batch: int, history: History) -> list[m.CollectRollout]:
    """The rollouts of a batch beside an update, unless it is whole or beyond the budget."""
    acts = acting(spec, batch)
    under, learnt = history.policies.get(acts), range(acts, batch)
    if not spec.rollout.max_policy_lag or under is None or batch in history.rewards:
        return []
    if not all(version in history.rewards for version in learnt):
        return []
    steps = under.policy.env_steps + sum(history.rewards[v].env_steps for v in learnt)
    if steps >= spec.stop.env_steps:
        return []
    return follow_ups.of_batch(history, spec, batch)


def _update(
    spec: RunSpec, version: int, history: History
) -> list[m.UpdatePolicy | m.EvaluatePolicy]:
    ready = history.rewards.get(version)
    before = learning(ready, history) if ready else None
    if ready is None or before is None or version + 1 in history.policies:
        return []
    if before.env_steps >= spec.stop.env_steps:  # resumed to a budget that is spent by now
        return [*follow_ups.evaluation(ready, before, spec)]
    return [plan(spec, before, ready)]
