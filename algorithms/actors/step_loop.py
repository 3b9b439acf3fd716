"""The hot loop: a policy acts in environments that step together."""

from typing import Any, NamedTuple

import numpy as np

from faastraingym.algorithms.api import Actor
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.actions import kept
from faastraingym.algorithms.environments.finite import refuse_observations
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.observations import (
    empty,
    features,
    joined,
    pick,
    put,
    stored,
)
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.environments.vectors import VectorEnvironments
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.timing import Stopwatch

CHUNK = 256  # steps between allocations when the horizon is `episodes`
MAX_STEPS = 1 << 20  # of one rollout; whole episodes must end before that


class Steps(NamedTuple):
    """The record of T steps of B environments; `outputs` are the actor's."""

    observations: Any  # [T+1, B, ...], as the environment gave them; of parts, by path
    outputs: np.ndarray  # [T, B, K] float32
    actions: np.ndarray  # [T, B] or [T, B, A] int32, or [T, B, A] float32
    rewards: np.ndarray  # [T, B] float32
    terminated: np.ndarray  # [T, B] bool
    truncated: np.ndarray  # [T, B] bool
    own: np.ndarray  # [T, B] float32: rewards below the wrappers that change them


class Start(NamedTuple):
    """The state that a rollout begins with."""

    vector: VectorEnvironments
    observations: Any  # [B, ...]
    generator: np.random.Generator  # of the actions
    ended: np.ndarray  # [B] bool: the environment's next step is a reset
    returns: np.ndarray  # [B] float64, of the episodes in progress
    lengths: np.ndarray  # [B] int32
    origin: int  # the policy version of the slot's last fresh start
    memory: np.ndarray | None = None  # [B, M] of a recurrent policy; acting moves it on in place


def play(
    start: Start,
    actor: Actor,
    info: SpaceInfo,
    num_steps: int,
    episodes_left: np.ndarray | None,
    where: str,
    watch: Stopwatch,
) -> Steps:
    """Acts for `num_steps` steps, or until every environment's `episodes_left` [B] is 0.

    The hot loop: arrays are allocated before it, and log-probabilities, validity and returns are
    calculated of all steps at once after it.

    Raises:
        EnvironmentFailed: the environment raised, or gave what its space does not contain, or
            allowed no action.
    """
    whole = start.vector.whole(actor, info)
    if whole is not None:
        with foreign(where):
            steps: Steps = whole(start, num_steps, episodes_left, watch)
        return steps
    num_envs = len(start.ended)
    shape = (num_steps, num_envs)
    observations = empty(info, num_steps + 1, num_envs)
    outputs = np.empty((*shape, actor.output_size), np.float32)
    actions = np.empty((*shape, *info.action_elements), kept(info).dtype)
    rewards = np.empty(shape, np.float32)
    terminated, truncated = np.empty(shape, np.bool_), np.empty(shape, np.bool_)
    noise = actor.noise(start.generator, num_steps, num_envs)
    own = rewards if start.vector.own_rewards() is None else np.empty_like(rewards)
    mask = info.mask
    step, clock, stepping = start.vector.vector.step, watch.clock, 0.0
    put(observations, 0, start.observations)
    memory, t = start.memory, 0
    guard = foreign(lambda: f"{where}, step {t}")
    while t < num_steps:
        now = pick(observations, t)
        scores = actor.outputs(features(now, info), masks.of(now, mask), memory)
        outputs[t] = scores
        actions[t] = action = actor.sample(scores, noise[t])
        try:
            with guard:
                sent, begin = actor.sent(action), clock()
                seen, rewards[t], terminated[t], truncated[t], _ = step(sent)
                stepping += clock() - begin
                put(observations, t + 1, stored(seen, info))
                if own is not rewards:
                    own[t] = start.vector.own_rewards()
                if mask is not None:
                    after = pick(observations, t + 1)
                    masks.refuse_forbidding(after, mask, ~terminated[t], where, t)
        except EnvironmentFailed:
            # perhaps over an action from a NaN: then name the origin of the NaN
            going = ~(terminated[t - 1] | truncated[t - 1]) if t else ~start.ended
            last = pick(observations, slice(t, t + 1))
            refuse_observations(last, info, going[None], where, t - 1)
            raise
        if memory is not None:  # what was seen last was of the episode that had ended
            memory[start.ended if t == 0 else terminated[t - 1] | truncated[t - 1]] = 0.0
        t += 1
        if episodes_left is not None:
            episodes_left -= terminated[t - 1] | truncated[t - 1]
            if (episodes_left <= 0).all():
                break
    watch.seconds += stepping
    columns = (outputs, actions, rewards, terminated, truncated, own)
    return Steps(pick(observations, slice(t + 1)), *(column[:t] for column in columns))


def play_episodes(
    start: Start,
    actor: Actor,
    info: SpaceInfo,
    num_episodes: int,
    where: str,
    watch: Stopwatch,
    chunk: int = CHUNK,
) -> Steps:
    """Acts until each environment has ended `num_episodes` episodes.

    Room is made for `chunk` steps at a time, which changes nothing else.

    Raises:
        EnvironmentFailed: the environment raised, or an episode does not end.
    """
    left = np.full(len(start.ended), num_episodes)
    parts: list[Steps] = []
    while (left > 0).any():
        parts.append(play(start, actor, info, chunk, left, where, watch))
        ended = parts[-1].terminated[-1] | parts[-1].truncated[-1]
        start = start._replace(observations=pick(parts[-1].observations, -1), ended=ended)
        if len(parts) * chunk >= MAX_STEPS:
            raise EnvironmentFailed(
                f"{where}: not all episodes ended in {MAX_STEPS} steps; give the environment a "
                "limit (spec.environment.kwargs.max_episode_steps)"
            )
    last = pick(parts[-1].observations, slice(-1, None))
    seen = joined([*(pick(part.observations, slice(-1)) for part in parts), last])
    return Steps(seen, *map(np.concatenate, list(zip(*parts, strict=True))[1:]))
