"""evaluate: episodes of one policy version that measure it, apart from training."""

import asyncio
import time

from msgspec import UNSET

from faastraingym.adapters.stage import threads
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.adapters.stage.spans import span, split_spans
from faastraingym.adapters.stage.stage import stage
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.actors import episodes, evaluation_pieces
from faastraingym.algorithms.actors.evaluate import Played, play
from faastraingym.algorithms.actors.evaluation_pieces import Recorded
from faastraingym.events.ports import Messages, Services
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EpisodesEvaluated, EvaluatePolicy
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec

from . import films


@stage(EvaluatePolicy, acts=True)
async def handle(command: EvaluatePolicy, services: Services) -> Messages:
    """The evaluation, stored; of a divided one a piece, which aggregate-rewards will merge."""
    began = time.monotonic()
    spec, policy = await asyncio.gather(
        specification(services, command.manifest),
        services.objects.get(command.policy.policy),
    )
    threads.check(spec.environment)
    actor = shape_checks.policy(spec, load(policy, Policy))
    played, scripts = await asyncio.to_thread(_play, spec, actor, command.piece)
    run, version, piece = command.run, command.policy.version, command.piece
    key = keys.evaluation(run, version) if piece is None else keys.episodes(run, version, piece)
    stored = await services.objects.put(key, dump(played))
    recorded = Recorded()
    if scripts:
        with span("film"):
            recorded = await films.record(
                command, spec.environment, scripts, services.objects, began
            )
    if piece is None:
        return [evaluation_pieces.completed(command, command.policy, played, stored, recorded)]
    return [
        EpisodesEvaluated(
            run=run,
            manifest=command.manifest,
            policy=command.policy,
            piece=piece,
            evaluation=stored,
            episodes=episodes.summary(played.returns, played.lengths),
            recordings=list(recorded.films) if scripts else UNSET,
            unrecorded=recorded.lacking or UNSET,
        )
    ]


def _play(spec: RunSpec, policy: Policy, piece: int | None) -> Played:
    with split_spans("environment", "policy") as watch:
        return play(spec, policy, watch, piece)
