"""Rewards of a version by a function of one's own: what it is asked, what it costs (ADR 77)."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from faastraingym.adapters import settings
from faastraingym.adapters.errors import FunctionFailed, SettingsError, Unavailable
from faastraingym.adapters.http import reward_functions
from faastraingym.adapters.http.reward_functions import Answer, Endpoint
from faastraingym.adapters.s3.signature import presigned
from faastraingym.adapters.settings import Login
from faastraingym.adapters.stage.spans import span
from faastraingym.algorithms.rewards import answered
from faastraingym.events.ports import Services
from faastraingym.events.topology.roles import s3_secret
from faastraingym.schemas import reward_call
from faastraingym.schemas.errors import PayloadError, RunFault, SpecificationError
from faastraingym.schemas.messages import InvocationCompleted, RewardsReady
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.reward_call import MEMORY, Experience, RewardAnswer, RewardCall
from faastraingym.schemas.specification import Function, RunSpec

LINK_SECONDS = 900  # for which the URL of a trajectory can be read
OVERHEAD = 1 << 16  # bytes of an answer that are no rewards


class Store(NamedTuple):
    """The store that shows trajectories, and whose right to read them that is."""

    url: str
    login: Login


async def rewards(
    spec: RunSpec,
    function: Function,
    ready: RewardsReady,
    batch: Sequence[Trajectory],
    services: Services,
) -> list[np.ndarray]:
    """What the function answers for the batch of `ready`, [T, B] float32 each; its cost is metered.

    Raises:
        Unavailable: it is busy or away.
        FunctionFailed: it failed.
        RunFault: it refuses, or its answer does not fit.
    """
    body = reward_call.dump(_call(spec, ready))
    most = sum(4 * trajectory.rewards.size for trajectory in batch) + OVERHEAD
    began = time.time()
    with span("reward function"):
        answer = await reward_functions.ask(_endpoint(), function, body, most)
    await _meter(function, ready, answer, began, services)
    reward_functions.check(function, answer)
    try:
        found = reward_call.load(answer.body, RewardAnswer)
    except PayloadError as error:
        raise RunFault(f"the reward function {function.name}: {error}") from None
    return answered(function, batch, found.rewards)


async def check(spec: RunSpec) -> None:
    """Return unless the run's function, if it has one, is known not to answer.

    Raises:
        SpecificationError: there is no such function, or it has another key.
    """
    function = spec.reward_function
    if function is None:
        return
    question = RewardCall(
        run="",
        version=0,
        environment=spec.environment.id,
        gamma=spec.algorithm.gamma,
        trajectories=[],
    )
    try:
        answer = await reward_functions.ask(
            _endpoint(), function, reward_call.dump(question), OVERHEAD
        )
        reward_functions.check(function, answer)
    except (Unavailable, FunctionFailed):
        return  # aggregate-rewards asks again
    except RunFault as error:
        raise SpecificationError([f"spec.reward[0].name: {error}"]) from error


def _call(spec: RunSpec, ready: RewardsReady) -> RewardCall:
    """The question about a version's batch, its trajectories in order."""
    store, now = _store(), time.time()
    return RewardCall(
        run=ready.run,
        version=ready.version,
        environment=spec.environment.id,
        gamma=spec.algorithm.gamma,
        trajectories=[
            Experience(
                version=one.version,
                index=one.index,
                object=one.object,
                url=presigned(
                    store.url, one.object.bucket, one.object.key, store.login, now, LINK_SECONDS
                ),
            )
            for one in ready.batch
        ],
    )


async def _meter(
    function: Function, ready: RewardsReady, answer: Answer, began: float, services: Services
) -> None:
    told = answer.headers.get(MEMORY.lower(), "")
    usage = InvocationCompleted(
        function=function.name,
        call_id=answer.headers.get("x-call-id", ""),
        replica="",
        started_at=began,
        seconds=answer.seconds,
        memory_mb=int(told) if told.isdecimal() and len(told) < 8 else 0,
        cold_start=False,
        status=answer.status,
        run=ready.run,
        version=ready.version,
    )
    await services.facts.meter(usage)


def _endpoint(environment: Mapping[str, str] = os.environ) -> Endpoint:
    try:
        return Endpoint(settings.gateway_url(environment), settings.signing_key(environment))
    except SettingsError as error:  # trying again cannot help; a replay after the repair can
        raise RunFault(str(error)) from None


def _store(environment: Mapping[str, str] = os.environ) -> Store:
    try:
        return Store(*settings.store(environment, s3_secret("aggregate-rewards")))
    except SettingsError as error:
        raise RunFault(str(error)) from None
