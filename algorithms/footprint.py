"""How much memory a rollout and an update will take, from their shapes, before a run starts.

Peaks of the real functions were measured for observations of 4 to 27,648 elements, trajectories
of 0.02 to 114 MB and networks of 0.02 to 29 MB, on Linux with NumPy 2.4 and jaxlib 0.10: the
constants below are fitted to them. Estimates of rollouts were 3 % above to 11 % below what was
measured, those of updates 1 % above to 9 % below: a refused run would not have fitted. The length
of whole episodes is unknown beforehand: such rollouts are not estimated.
"""

from collections.abc import Iterator
from math import prod
from operator import mul

import numpy as np

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.limits import Limits
from faastraingym.schemas.array_specs import ArraySpecs
from faastraingym.schemas.specification import RunSpec

MB = 1_000_000
STEP_BYTES = 7  # of a transition: reward, 3 flags
ROLLOUT_MB = 67  # interpreter, NumPy, Gymnasium, the clients of the broker and the store
CACHE_MB = 64  # of objects (adapters/s3/cache.py)
COPIES = 6  # of a trajectory: of itself, the one before, its statistics, its bytes
LEARNER_MB = 500  # the same with JAX, after it has compiled
BATCH_COPIES = 5
STATE_COPIES = 16  # of the parameters: Adam's moments, gradients, what was loaded, what is stored
ACTIVATIONS = 1.2  # of all hidden layers, of all samples at once


def trajectory(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of a trajectory of a known number of steps."""
    return spec.rollout.num_steps * spec.environment.num_envs * transition(spec, info)


def transition(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of one step of one environment in a trajectory."""
    extras = _bytes(registry.acting(spec).extras(spec, info))
    acted = info.action_size if info.continuous else 1
    elements = 1 if info.observation_start is not None else info.observation_size
    seen = elements * np.dtype(info.observation_dtype).itemsize
    return seen + 4 * acted + STEP_BYTES + extras


def rollout(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes that `rollout` will take at the most, of a known number of steps."""
    each = trajectory(spec, info)
    networks = registry.acting(spec).policy_arrays(spec, info)
    cached = min(CACHE_MB * MB, 4 * each) if each < CACHE_MB * MB else 0
    return ROLLOUT_MB * MB + cached + COPIES * each + 2 * _bytes(networks)


def update(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes that `update-policy` will take at the most, of rollouts of a known number of steps."""
    acting = registry.acting(spec)
    state = _bytes(acting.learner_arrays(spec, info))
    samples = spec.rollout.needed * spec.rollout.num_steps * spec.environment.num_envs
    activations = 4 * samples * acting.activations(spec)
    batch = spec.rollout.needed * trajectory(spec, info)
    if info.observation_dtype == "|u1":  # the networks read floats
        batch += 4 * samples * info.observation_size // BATCH_COPIES
    return (
        LEARNER_MB * MB
        + BATCH_COPIES * batch
        + STATE_COPIES * state
        + int(ACTIVATIONS * activations)
    )


def problems(spec: RunSpec, info: SpaceInfo, limits: Limits) -> Iterator[str]:
    """Which function will not have the memory that it needs: a sentence each."""
    if spec.rollout.horizon != "steps":
        return
    shapes = (
        f"{spec.rollout.num_steps} steps x {spec.environment.num_envs} environments x "
        f"{info.observation_size} observation elements"
    )
    needed, allowed = rollout(spec, info), limits.rollout
    if 0 < allowed < needed:
        yield (
            f"spec.rollout.num_steps: found {spec.rollout.num_steps}, so a rollout of {shapes} "
            f"needs about {_mib(needed)} MiB of memory, and the function rollout may have "
            f"{_mib(allowed)} MiB; lower rollout.num_steps or environment.num_envs, {_SMALLER}, "
            f"or deploy it with FTG_ROLLOUT_MEMORY={_enough(needed)}"
        )
    needed, allowed = update(spec, info), limits.learner
    if 0 < allowed < needed:
        yield (
            f"spec.rollout: {spec.rollout.needed} rollouts of {shapes}, so an update needs about "
            f"{_mib(needed)} MiB of memory, and the function update-policy may have "
            f"{_mib(allowed)} MiB; lower rollout.count, rollout.num_steps, environment.num_envs or "
            f"algorithm.hidden_sizes, {_SMALLER}, or deploy it with FTG_LEARNER_MEMORY="
            f"{_enough(needed)}"
        )


_SMALLER = "make observations smaller by a wrapper in a module of your own"


def _bytes(arrays: ArraySpecs) -> int:
    """Bytes of arrays; of those of each step, T and B being 1."""
    sizes = ([n for n in spec.dimensions if isinstance(n, int)] for spec in arrays.values())
    items = (np.dtype(spec.dtype).itemsize for spec in arrays.values())
    return sum(map(mul, map(prod, sizes), items))


def _mib(number: int) -> int:
    return number >> 20


def _enough(needed: int) -> str:
    """With a fifth to spare, in steps of 128 MiB."""
    return f"{((needed * 6 // 5 >> 27) + 1) * 128}Mi"
