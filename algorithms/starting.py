"""Where a rollout begins: after a reset, or where the slot's trajectory before it stopped."""

import numpy as np

from algorithms import seeding
from algorithms.acting import encode
from algorithms.errors import EnvironmentFailed
from algorithms.foreign import foreign
from algorithms.playing import Start
from algorithms.space_info import describe
from algorithms.vectors import Fleet, Seeds
from schemas.payloads import Trajectory
from schemas.specification import RunSpec


def place(spec: RunSpec, version: int, index: int) -> str:
    """What an error names first."""
    return f"{spec.environment.id}, policy version {version}, slot {index}"


def beginning(spec: RunSpec, version: int, index: int, previous: Trajectory | None) -> Start:
    """Where slot `index` goes on, or a fresh reset.

    Raises:
        EnvironmentFailed: the environment cannot be built, reset or continued.
    """
    info, where = describe(spec), place(spec, version, index)
    num_envs = spec.environment.num_envs
    continued = spec.rollout.horizon == "steps" and previous is not None
    data = previous.continuation if continued and previous is not None else None
    origin = version if data is None else data["origin"]
    seeds = Seeds(spec.seed, "reset", (origin, index))
    fleet = Fleet(spec.environment, num_envs, seeds)
    with foreign(f"{where}, reset"):
        if data is None or previous is None:
            return Start(
                fleet=fleet,
                observations=encode(fleet.reset(), info),
                generator=seeding.generator(spec.seed, "action", origin, index),
                ended=np.zeros(num_envs, np.bool_),
                returns=np.zeros(num_envs),
                lengths=np.zeros(num_envs, np.int32),
                origin=origin,
            )
        replayed = {i: encode([seen], info)[0] for i, seen in fleet.resume(data["fleet"]).items()}
    _check_replay(replayed, previous.observations[-1], where)
    return Start(
        fleet=fleet,
        observations=previous.observations[-1],
        generator=seeding.unpack_generator(data["generator"]),
        ended=previous.terminated[-1] | previous.truncated[-1],
        returns=data["returns"],
        lengths=data["lengths"],
        origin=origin,
    )


def _check_replay(replayed: dict[int, np.ndarray], expected: np.ndarray, where: str) -> None:
    """Holds each replayed environment's observation [O], bit for bit, to the one it stood at."""
    for i, seen in replayed.items():
        if seen.astype(np.float32).tobytes() != expected[i].tobytes():
            raise EnvironmentFailed(
                f"{where}, environment {i}: replaying its actions did not reproduce the "
                "observation: the environment is not determined by its seed; use "
                'rollout.horizon = "episodes"'
            )
