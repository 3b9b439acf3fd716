"""aggregate-rewards (Analyse): counts towards the threshold and calculates the batch's rewards.

The threshold is a count of subjects in the log, so there is no counter to corrupt. Every
invocation that sees it reached says `rewards.ready`; one is heard.
"""

import asyncio

import msgspec

from adapters.errors import ObjectMissing
from adapters.manifests import specification
from adapters.stage import stage
from algorithms import episodes, fits
from algorithms.rewards import transform
from events import subjects
from events.ports import Messages, Services, Unavailable
from schemas import keys
from schemas.messages import RewardsReady, RolloutCompleted
from schemas.payloads import Rewards, Trajectory, dump, load
from schemas.references import ObjectRef
from schemas.specification import RunSpec


@stage(RolloutCompleted)
async def handle(rollout: RolloutCompleted, services: Services) -> Messages:
    """`rewards.ready` once the version has its threshold of rollouts; nothing before."""
    spec = await specification(services, rollout.manifest)
    siblings = subjects.below(RolloutCompleted, rollout.run, rollout.policy.version)
    if await services.facts.count(siblings) < spec.rollout.batch:
        return []
    said = [record.fact for record in await services.facts.read(siblings)]
    completed = [fact for fact in said if isinstance(fact, RolloutCompleted)]
    if len(completed) < spec.rollout.batch:  # read from a replica that lags behind the count
        raise Unavailable(f"{siblings}: {len(completed)} facts read, more were counted")
    ready = aggregate(spec, completed)
    if not spec.reward:
        return [ready]
    return [msgspec.structs.replace(ready, rewards=await _calculate(spec, ready, services))]


def aggregate(spec: RunSpec, completed: list[RolloutCompleted]) -> RewardsReady:
    """The batch: the first `threshold` rollouts that the log heard, in index order."""
    batch = sorted(completed[: spec.rollout.batch], key=lambda fact: fact.trajectory.index)
    return RewardsReady(
        run=batch[0].run,
        manifest=batch[0].manifest,
        policy=batch[0].policy,
        batch=[fact.trajectory for fact in batch],
        env_steps=sum(fact.env_steps for fact in batch),
        episodes=episodes.merge([fact.episodes for fact in batch]),
    )


async def _calculate(spec: RunSpec, ready: RewardsReady, services: Services) -> ObjectRef:
    """Transformed rewards, stored; the transforms' own state goes on from the last version's."""
    version = ready.policy.version
    stored = await asyncio.gather(*(services.objects.get(ref.object) for ref in ready.batch))
    batch = [fits.trajectory(spec, load(data, Trajectory)) for data in stored]
    before = await _before(ready.run, version - 1, services) if version else None
    previous = None if before is None else fits.reward_state(spec, before)
    rewards = await asyncio.to_thread(transform, spec, batch, previous)
    return await services.objects.put(keys.rewards(ready.run, version), dump(rewards))


async def _before(run: str, version: int, services: Services) -> Rewards:
    """The rewards of the version before.

    Raises:
        ObjectMissing: without them normalisation would silently begin anew.
    """
    key = keys.rewards(run, version)
    stored = await services.objects.find(key)
    if stored is None:
        raise ObjectMissing(f"object {key} is not in the store")
    return load(await services.objects.get(stored), Rewards)
