"""A rollout begins after a reset, or where the slot's trajectory before it stopped."""

import numpy as np

from faastraingym.algorithms import cells, seeding
from faastraingym.algorithms.actors.step_loop import Start
from faastraingym.algorithms.environments import masks, replaying
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.observations import (
    alone,
    last,
    of_any_version,
    put,
    stored,
)
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.environments.vectors import Seeds, together
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec


def place(spec: RunSpec, version: int, index: int) -> str:
    """The words that an error begins with."""
    return f"{spec.environment.id}, policy version {version}, slot {index}"


def beginning(spec: RunSpec, version: int, index: int, previous: Trajectory | None) -> Start:
    """The environments of slot `index` as `previous` left them, or reset.

    Raises:
        EnvironmentFailed: the environment cannot be built, reset or continued.
    """
    info, where = describe(spec), place(spec, version, index)
    num_envs = spec.environment.num_envs
    before = None if previous is None else previous.continuation
    data = before if spec.rollout.horizon == "steps" else None
    origin = version if data is None else data["origin"]
    seeds = Seeds(spec.seed, "reset", (origin, index))
    vector = together(spec.environment, num_envs, seeds)
    with foreign(f"{where}, reset"):
        if data is None or previous is None:
            if before is not None:
                vector.inherit(before["fleet"])
            observations = stored(vector.reset(), info)
            masks.refuse_forbidding(observations, info.mask, np.ones(num_envs, np.bool_), where, -1)
            return Start(
                vector=vector,
                observations=observations,
                generator=seeding.generator(spec.seed, "action", origin, index),
                ended=np.zeros(num_envs, np.bool_),
                returns=np.zeros(num_envs),
                lengths=np.zeros(num_envs, np.int32),
                origin=origin,
                memory=cells.initial(spec, num_envs),
            )
        played = vector.resume(data["fleet"], spec.rollout.num_steps)
    observations = last(of_any_version(previous.observations, info))
    ended = previous.terminated[-1] | previous.truncated[-1]
    if spec.environment.memory == "declared":  # replayed environments may stand elsewhere
        for i, steps in played.items():
            put(observations, [i], alone(steps[-1].observation, info))
            ended[i] = steps[-1].terminated or steps[-1].truncated
        masks.refuse_forbidding(observations, info.mask, ~ended, where, -1)
    else:
        replaying.check(spec, seeds, played, previous, where)
    return Start(
        vector=vector,
        observations=observations,
        generator=seeding.unpack_generator(data["generator"]),
        ended=ended,
        returns=data["returns"],
        lengths=data["lengths"],
        origin=origin,
        memory=data["actor_memory"].copy() if "actor_memory" in data else None,
    )
