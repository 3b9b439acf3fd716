"""evaluate: deterministic episodes of one policy version, apart from training."""

import asyncio

from faastraingym.adapters.stage import threads
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.adapters.stage.spans import split_spans
from faastraingym.adapters.stage.stage import stage
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.actors import episodes, evaluation_pieces
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.events.ports import Messages, Services
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EpisodesEvaluated, EvaluatePolicy
from faastraingym.schemas.payloads import Evaluation, Policy
from faastraingym.schemas.specification import RunSpec


@stage(EvaluatePolicy, acts=True)
async def handle(command: EvaluatePolicy, services: Services) -> Messages:
    """The evaluation, stored; of a divided one a piece, which aggregate-rewards will merge."""
    spec, policy = await asyncio.gather(
        specification(services, command.manifest),
        services.objects.get(command.policy.policy),
    )
    threads.check(spec.environment)
    actor = shape_checks.policy(spec, load(policy, Policy))
    evaluation = await asyncio.to_thread(_evaluate, spec, actor, command.piece)
    run, version, piece = command.run, command.policy.version, command.piece
    if piece is None:
        stored = await services.objects.put(keys.evaluation(run, version), dump(evaluation))
        return [evaluation_pieces.completed(command, command.policy, evaluation, stored)]
    stored = await services.objects.put(keys.episodes(run, version, piece), dump(evaluation))
    return [
        EpisodesEvaluated(
            run=run,
            manifest=command.manifest,
            policy=command.policy,
            piece=piece,
            evaluation=stored,
            episodes=episodes.summary(evaluation.returns, evaluation.lengths),
        )
    ]


def _evaluate(spec: RunSpec, policy: Policy, piece: int | None) -> Evaluation:
    with split_spans("environment", "policy") as watch:
        return evaluate(spec, policy, watch, piece)
