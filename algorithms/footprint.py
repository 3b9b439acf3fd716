"""Estimates, from shapes, of the memory that a rollout and an update take, before a run starts.

The constants are fitted to peaks of the real functions: observations of 4 to 27,648 elements,
trajectories of 0.02 to 114 MB, networks of 0.02 to 29 MB, Linux, NumPy 2.4, jaxlib 0.10. Estimates
were 3 % above to 11 % below the peaks of rollouts, 1 % above to 9 % below those of updates, 4 %
above to 1 % below those of PPO's updates with convolutions: a refused run would not have fitted.
Only of SAC's with convolutions, 2 to 13 % above, does not all that is counted live at once. Whole
episodes, whose length is unknown, are not estimated.
"""

from collections.abc import Iterator
from math import prod
from operator import mul

import numpy as np
from msgspec import UNSET
from msgspec.structs import replace

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.environments.wrappers import episode_limit
from faastraingym.algorithms.limits import Limits
from faastraingym.algorithms.networks.description import output_size, trunk
from faastraingym.algorithms.replay.specification import ReplaySpec
from faastraingym.algorithms.replay.window import ring_shape
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.array_specs import ArraySpecs
from faastraingym.schemas.specification import RunSpec

MB = 1_000_000
STEP_BYTES = 7  # of a transition: reward, 3 flags
ROLLOUT_MB = 67  # interpreter, NumPy, Gymnasium, the clients of the broker and the store
ON_JAX_MB = 300  # JAX, the library of the environment, and what it has compiled
CACHE_MB = 64  # of objects (adapters/s3/cache.py)
COPIES = 6  # of a trajectory: of itself, the one before, its statistics, its bytes
LEARNER_MB = 500  # the same with JAX, after it has compiled
BATCH_COPIES = 5
STATE_COPIES = 16  # of the parameters: Adam's moments, gradients, what was loaded, what is stored
DRAWN_COPIES, DRAWN_BYTES = 2.4, 40  # of a sample besides its two observations
PRIORITY_BYTES = 48  # of a transition: loaded, changed, stored; shares and their sums
ACTIVATIONS = 1.2  # of all hidden layers, of all samples at once
MAPS, IMAGES = 2.5, 2  # of layers and of inputs of convolutions, of a gradient step's samples


def trajectory(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of a trajectory of a known number of steps."""
    return spec.rollout.num_steps * spec.environment.num_envs * transition(spec, info)


def transition(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of one step of one environment in a trajectory."""
    extras = _bytes(registry.acting(spec).extras(spec, info))
    acted = prod(info.action_elements)
    seen = sum(prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in info.leaves)
    if not info.leaves:
        elements = 1 if info.observation_start is not None else info.observation_size
        seen = elements * np.dtype(info.observation_dtype).itemsize
    return seen + 4 * acted + STEP_BYTES + extras


def rollout(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes that `rollout` will take at the most, of a known number of steps."""
    each = trajectory(spec, info)
    networks = registry.acting(spec).policy_arrays(spec, info)
    cached = min(CACHE_MB * MB, 4 * each) if each < CACHE_MB * MB else 0
    explored = _explored(spec, info)
    base = ROLLOUT_MB + (ON_JAX_MB if on_jax.is_one(spec.environment) else 0)
    return base * MB + cached + COPIES * each + 2 * _bytes(networks) + explored


def _explored(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of state-dependent noise: features of each step, and matrices where they change."""
    if (every := sde(spec.algorithm)) is None:
        return 0
    latent = output_size(trunk(spec, info), info.observation_size)
    steps = spec.rollout.num_steps * spec.environment.num_envs
    return 4 * steps * latent * (1 + (info.action_size if every else 0))


def update(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes that `update-policy` will take at the most, of rollouts of a known number of steps."""
    samples = spec.rollout.needed * spec.rollout.num_steps * spec.environment.num_envs
    batch, replayed = spec.rollout.needed * trajectory(spec, info), 0
    if isinstance(spec.algorithm, ReplaySpec):
        samples, replayed = spec.algorithm.batch_size, replay(spec, info, spec.algorithm)
    copies = IMAGES if trunk(spec, info).encoders else 1
    if info.leaves:  # whose features are arrays of their own from the start
        batch += 4 * samples * info.observation_size
    elif info.observation_dtype == "|u1":  # the networks read floats
        batch += 4 * copies * samples * info.observation_size // BATCH_COPIES
    return learner(spec, info) + BATCH_COPIES * batch + _layers(spec, info, samples) + replayed


def learner(spec: RunSpec, info: SpaceInfo) -> int:
    """Bytes of them that the number of samples does not change."""
    return LEARNER_MB * MB + STATE_COPIES * _parameters(spec, info)


def _parameters(spec: RunSpec, info: SpaceInfo) -> int:
    return _bytes(registry.acting(spec).learner_arrays(spec, info))


def _layers(spec: RunSpec, info: SpaceInfo, samples: int) -> int:
    """Bytes that layers hold of `samples` in an update; maps only of those of a gradient step."""
    floats = registry.acting(spec).activations(spec, info)
    if not _has_images(spec, info):
        return int(ACTIVATIONS * 4 * samples * floats)
    at_once = -(-samples // spec.algorithm.num_minibatches)
    return int(4 * at_once * (MAPS * floats + IMAGES * info.observation_size))


def _has_images(spec: RunSpec, info: SpaceInfo) -> bool:
    return any(encoder.convolutions for encoder in trunk(spec, info).encoders)


def replay(spec: RunSpec, info: SpaceInfo, settings: ReplaySpec) -> int:
    """Bytes of a window of transitions, and of all samples that an update draws of it."""
    places = prod(ring_shape(spec))
    drawn = settings.gradient_steps * settings.batch_size
    mask = sum(info.mask.shape) if info.mask else 0
    stays_bytes = info.observation_dtype == "|u1" and not info.leaves
    stays_bytes &= bool(trunk(spec, info).encoders)
    both = 2 * info.observation_size * (1 if stays_bytes else 4)
    return (
        places * transition(spec, info)
        + int(DRAWN_COPIES * drawn * (both + mask + DRAWN_BYTES))
        + (PRIORITY_BYTES * places if settings.prioritized else 0)
    )


def problems(spec: RunSpec, info: SpaceInfo, limits: Limits) -> Iterator[str]:
    """A sentence for each function that has less memory than it needs."""
    if spec.rollout.horizon != "steps":
        yield from _of_whole_episodes(spec, info, limits)
        return
    steps, num_envs = spec.rollout.num_steps, spec.environment.num_envs
    shapes = (
        f"{steps} steps x {num_envs} environments x {info.observation_size} observation elements"
    )
    if 0 < limits.rollout < (needed := rollout(spec, info)):
        yield (
            f"spec.rollout.num_steps: found {steps}, so a rollout of {shapes} "
            f"{_lacking(needed, 'rollout', limits.rollout)}; lower rollout.num_steps or "
            f"environment.num_envs, {_remedy('FTG_ROLLOUT_MEMORY', needed)}"
        )
    if not 0 < limits.learner < (needed := update(spec, info)):
        return
    lacking = _lacking(needed, "update-policy", limits.learner)
    if learner(spec, info) > limits.learner:
        found = _parameters(spec, info)
        most = max(0, limits.learner - LEARNER_MB * MB) // STATE_COPIES
        network = "algorithm.hidden_sizes or choose smaller encoders (algorithm.network)"
        yield (
            f"spec.algorithm.{'hidden_sizes' if spec.algorithm.network is UNSET else 'network'}: "
            f"found networks of {found >> 20} MiB, so an update {lacking}; allowed: {most >> 20} "
            f"MiB at most: lower {network}, {_remedy('FTG_LEARNER_MEMORY', needed)}"
        )
        return
    if isinstance(spec.algorithm, ReplaySpec):
        yield (
            f"spec.algorithm.capacity: found {spec.algorithm.capacity} transitions of "
            f"{info.observation_size} observation elements, so an update {lacking}; lower "
            "algorithm.capacity, algorithm.gradient_steps or algorithm.hidden_sizes, "
            f"{_remedy('FTG_LEARNER_MEMORY', needed)}"
        )
    else:
        yield (
            f"spec.rollout: {spec.rollout.needed} rollouts of {shapes}, so an update "
            f"{lacking}; lower rollout.count, "
            "rollout.num_steps, environment.num_envs or algorithm.hidden_sizes, "
            f"{_remedy('FTG_LEARNER_MEMORY', needed)}"
        )


def _of_whole_episodes(spec: RunSpec, info: SpaceInfo, limits: Limits) -> Iterator[str]:
    """A recurrent policy's: gradients go back over all steps of the longest environment's episodes,
    to which those of every other one are padded.
    """
    limit = episode_limit(spec.environment)
    if cells.cell_of(spec) is None or limit is None:
        return
    episodes = spec.rollout.num_episodes
    steps = padded(episodes * (limit + 1) - 1)  # a reset is a step of no episode
    long = replace(spec, rollout=replace(spec.rollout, horizon="steps", num_steps=steps))
    if 0 < limits.learner < (needed := update(long, info)):
        yield (
            f"spec.rollout.num_episodes: found {episodes} of {limit} steps at most, so "
            f"{spec.rollout.needed} rollouts of {steps} padded steps x {spec.environment.num_envs} "
            f"environments, and an update {_lacking(needed, 'update-policy', limits.learner)}; "
            "lower it, environment.kwargs.max_episode_steps, environment.num_envs or "
            'algorithm.recurrent.size, take rollout.horizon = "steps", or deploy it with '
            f"{_deployed('FTG_LEARNER_MEMORY', needed)}"
        )


def padded(steps: int) -> int:
    """The next power of two: whole episodes of any length compile only a few shapes."""
    return 1 << (steps - 1).bit_length()


def _lacking(needed: int, function: str, allowed: int) -> str:
    return (
        f"needs about {needed >> 20} MiB of memory, and the function {function} may have "
        f"{allowed >> 20} MiB"
    )


def _remedy(variable: str, needed: int) -> str:
    """Deploy it with a fifth to spare, in steps of 128 MiB."""
    return (
        "make observations smaller by a wrapper in a module of your own, or deploy it with "
        f"{_deployed(variable, needed)}"
    )


def _deployed(variable: str, needed: int) -> str:
    return f"{variable}={((needed * 6 // 5 >> 27) + 1) * 128}Mi"


def _bytes(arrays: ArraySpecs) -> int:
    """Bytes of arrays; of those of each step, T and B being 1."""
    sizes = ([n for n in spec.dimensions if isinstance(n, int)] for spec in arrays.values())
    items = (np.dtype(spec.dtype).itemsize for spec in arrays.values())
    return sum(map(mul, map(prod, sizes), items))
