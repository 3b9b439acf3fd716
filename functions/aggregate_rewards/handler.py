"""aggregate-rewards (Analyse): counts towards the threshold and calculates the batch's rewards.

The count is of subjects in the log, so there is no counter to corrupt. Every invocation that finds
the threshold reached publishes `rewards.ready`; JetStream stores one. The pieces of an evaluation
are counted and merged the same way.
"""

import asyncio

import msgspec

from faastraingym.adapters.stage import reward_functions
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.adapters.stage.spans import span
from faastraingym.adapters.stage.stage import stage
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.actors import evaluation_pieces
from faastraingym.algorithms.rewards import transform
from faastraingym.events.pipeline import batches, subjects
from faastraingym.events.ports import Messages, Services, Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EpisodesEvaluated, RewardsReady, RolloutCompleted
from faastraingym.schemas.payloads import Evaluation, Rewards, Trajectory
from faastraingym.schemas.specification import RunSpec

# Of versions whose function is being asked. A task ends after its rewards are stored, so an
# invocation that comes later finds them.
_ASKED: dict[tuple[str, int], asyncio.Task[RewardsReady]] = {}

Received = RolloutCompleted | EpisodesEvaluated | RewardsReady


@stage(RolloutCompleted, EpisodesEvaluated, RewardsReady)
async def handle(received: Received, services: Services) -> Messages:
    """`rewards.ready` at the threshold of rollouts; `evaluation.completed` after all pieces.

    From `rewards.ready` itself it makes the rewards again that it names, when they were lost.
    """
    spec = await specification(services, received.manifest)
    if isinstance(received, EpisodesEvaluated):
        return await _evaluation(spec, received, services)
    if isinstance(received, RewardsReady):
        return [await _with_rewards(spec, received, services)]
    run, version = received.run, received.version
    siblings = subjects.below(RolloutCompleted, run, version)
    if await services.facts.count(siblings) < spec.rollout.needed:
        return []
    outcome = subjects.of_kind(RewardsReady, run, version)
    facts = [record.fact for record in await services.facts.read(siblings, outcome)]
    ready = batches.batch(spec, facts)
    return [await _once(spec, ready, services)] if ready else []


async def _evaluation(spec: RunSpec, received: EpisodesEvaluated, services: Services) -> Messages:
    """The evaluation, merged and stored, when this was the last of its pieces."""
    run, policy = received.run, received.policy
    siblings = subjects.below(EpisodesEvaluated, run, policy.version)
    if await services.facts.count(siblings) < batches.pieces(spec):
        return []
    facts = [record.fact for record in await services.facts.read(siblings)]
    pieces = batches.evaluation(spec, facts)
    read = (services.objects.get(piece.evaluation) for piece in pieces)
    parts = [load(data, Evaluation) for data in await asyncio.gather(*read)]
    evaluation = evaluation_pieces.merge(spec, policy.version, parts)
    key = keys.evaluation(run, policy.version)
    stored = await services.objects.put(key, dump(evaluation))
    films = evaluation_pieces.recorded(pieces)
    return [evaluation_pieces.completed(received, policy, evaluation, stored, films)]


async def _once(spec: RunSpec, ready: RewardsReady, services: Services) -> RewardsReady:
    """As `_with_rewards`; rollouts that complete a version together ask a function once."""
    version = ready.run, ready.version
    if not spec.reward_function:
        return await _with_rewards(spec, ready, services)
    if version not in _ASKED:
        _ASKED[version] = asyncio.create_task(_with_rewards(spec, ready, services))
        _ASKED[version].add_done_callback(lambda _: _ASKED.pop(version))
    return await asyncio.shield(_ASKED[version])


async def _with_rewards(spec: RunSpec, ready: RewardsReady, services: Services) -> RewardsReady:
    """`ready` with stored, transformed rewards, if the specification has transforms.

    The transforms' own state goes on from the last version's. A function of one's own is asked
    here, beside other invocations: one that waits for it holds no thread.
    """
    if not spec.reward:
        return ready
    version, key = ready.version, keys.rewards(ready.run, ready.version)
    function = spec.reward_function
    if function and ready.rewards is None and (there := await services.objects.find(key)):
        return msgspec.structs.replace(ready, rewards=there)  # answered once is enough
    found = await asyncio.gather(*(services.objects.get(ref.object) for ref in ready.batch))
    batch = [shape_checks.trajectory(spec, load(data, Trajectory)) for data in found]
    before = await _before(ready.run, version - 1, services) if version else None
    previous = None if before is None else shape_checks.reward_state(spec, before)
    given = None
    if function:
        given = await reward_functions.rewards(spec, function, ready, batch, services)
    with span("rewards"):
        rewards = await asyncio.to_thread(transform, spec, batch, previous, given)
    stored = await services.objects.put(key, dump(rewards))
    return msgspec.structs.replace(ready, rewards=stored)


async def _before(run: str, version: int, services: Services) -> Rewards:
    """The rewards of the version before.

    Raises:
        Unavailable: the log does not name them yet; normalisation would begin anew.
    """
    subject = subjects.of_kind(RewardsReady, run, version)
    for record in await services.facts.read(subject):
        if isinstance(record.fact, RewardsReady) and record.fact.rewards:
            return load(await services.objects.get(record.fact.rewards), Rewards)
    raise Unavailable(f"{subject} names no rewards yet")
