"""evaluate: deterministic episodes of one policy version, apart from training."""

import asyncio

import numpy as np

from adapters.manifests import specification
from adapters.payloads import dump, load
from adapters.spans import parted
from adapters.stage import stage
from algorithms import fits
from algorithms.evaluate import evaluate
from events.ports import Messages, Services
from schemas import keys
from schemas.messages import EvaluatePolicy, EvaluationCompleted
from schemas.payloads import Evaluation, Policy
from schemas.specification import RunSpec


@stage(EvaluatePolicy)
async def handle(command: EvaluatePolicy, services: Services) -> Messages:
    """The evaluation's returns, stored, and their mean and standard deviation, said."""
    spec, policy = await asyncio.gather(
        specification(services, command.manifest),
        services.objects.get(command.policy.policy),
    )
    actor = fits.policy(spec, load(policy, Policy))
    evaluation = await asyncio.to_thread(_evaluate, spec, actor)
    stored = await services.objects.put(
        keys.evaluation(command.run, command.policy.version), dump(evaluation)
    )
    return [
        EvaluationCompleted(
            run=command.run,
            manifest=command.manifest,
            policy=command.policy,
            evaluation=stored,
            episodes=len(evaluation.returns),
            return_mean=float(np.mean(evaluation.returns)),
            return_std=float(np.std(evaluation.returns)),
            length_mean=float(np.mean(evaluation.lengths)),
        )
    ]


def _evaluate(spec: RunSpec, policy: Policy) -> Evaluation:
    with parted("environment", "policy") as watch:
        return evaluate(spec, policy, watch)
