"""evaluate: deterministic episodes of one policy version, apart from training."""

import asyncio

from adapters.manifests import specification
from adapters.payloads import dump, load
from adapters.spans import parted
from adapters.stage import stage
from algorithms import fits, pieces
from algorithms.evaluate import evaluate
from events.ports import Messages, Services
from schemas import keys
from schemas.messages import EpisodesEvaluated, EvaluatePolicy
from schemas.payloads import Evaluation, Policy
from schemas.specification import RunSpec


@stage(EvaluatePolicy)
async def handle(command: EvaluatePolicy, services: Services) -> Messages:
    """The evaluation's returns, stored, and their mean and standard deviation, said.

    Of an evaluation that is divided, one piece; whoever hears of all merges them.
    """
    spec, policy = await asyncio.gather(
        specification(services, command.manifest),
        services.objects.get(command.policy.policy),
    )
    actor = fits.policy(spec, load(policy, Policy))
    evaluation = await asyncio.to_thread(_evaluate, spec, actor, command.piece)
    run, version, piece = command.run, command.policy.version, command.piece
    if piece is None:
        stored = await services.objects.put(keys.evaluation(run, version), dump(evaluation))
        return [pieces.completed(command, command.policy, evaluation, stored)]
    stored = await services.objects.put(keys.episodes(run, version, piece), dump(evaluation))
    return [
        EpisodesEvaluated(
            run=run,
            manifest=command.manifest,
            policy=command.policy,
            piece=piece,
            evaluation=stored,
            episodes=pieces.summary(evaluation),
        )
    ]


def _evaluate(spec: RunSpec, policy: Policy, piece: int | None) -> Evaluation:
    with parted("environment", "policy") as watch:
        return evaluate(spec, policy, watch, piece)
