"""Episodes of one policy version that measure it, apart from training."""

from typing import NamedTuple

import numpy as np

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.actors.draws import Draws
from faastraingym.algorithms.actors.evaluation_pieces import TOGETHER, episodes_of
from faastraingym.algorithms.actors.filming import Script
from faastraingym.algorithms.actors.step_loop import MAX_STEPS
from faastraingym.algorithms.api import Actor
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.finite import refuse_non_finite, refuse_observations
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.observations import features, pick, stored
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.algorithms.environments.vectors import Seeds, together
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.payloads import Evaluation, Policy
from faastraingym.schemas.specification import RunSpec


class Played(NamedTuple):
    """What came of an evaluation, or of a piece."""

    evaluation: Evaluation
    scripts: list[Script]  # of the episodes that are to be filmed, in order


class Playing(NamedTuple):
    """What all chunks of an evaluation share."""

    spec: RunSpec
    policy: Policy
    info: SpaceInfo
    actor: Actor
    watch: Stopwatch


def evaluate(
    spec: RunSpec, policy: Policy, watch: Stopwatch | None = None, piece: int | None = None
) -> Evaluation:
    """As `play`, without scripts."""
    return play(spec, policy, watch, piece).evaluation


def play(
    spec: RunSpec, policy: Policy, watch: Stopwatch | None = None, piece: int | None = None
) -> Played:
    """Plays `spec.evaluation.episodes` episodes, or a piece's.

    The most probable actions, or drawn ones if the specification says so. Returns are the
    environment's own, undiscounted, below reward transforms and wrappers. Each environment is built
    anew and plays one episode, so that short episodes are not preferred and nothing is remembered.
    All pieces together give the bits that the whole gives.

    Raises:
        EnvironmentFailed: the environment raised, gave a number that is not finite, or an episode
            does not end.
    """
    watch = watch or Stopwatch()
    info = watch.time(describe, spec)
    playing = Playing(
        spec, policy, info, registry.acting(spec).actor(spec, policy, info, {}), watch
    )
    wanted = episodes_of(spec, piece)
    chunks = range(wanted.start // TOGETHER, (wanted.stop - 1) // TOGETHER + 1)
    parts = [_episodes(playing, chunk, wanted) for chunk in chunks]
    returns, lengths = (np.concatenate([part[i] for part in parts]) for i in range(2))
    evaluation = Evaluation(version=policy.version, returns=returns, lengths=lengths)
    return Played(evaluation, [script for *_, scripts in parts for script in scripts])


def _episodes(
    playing: Playing, chunk: int, wanted: range
) -> tuple[np.ndarray, np.ndarray, list[Script]]:
    """Returns [B] float64 and lengths [B] int32 of the wanted episodes of a chunk, and scripts.

    The actor always sees the whole chunk, for a matrix product's last bits depend on the number of
    rows.
    """
    spec, policy, info, actor, watch = playing
    where = f"{spec.environment.id}, evaluation of policy version {policy.version}"
    begin = chunk * TOGETHER
    rows = min(TOGETHER, spec.evaluation.episodes - begin)
    places = slice(max(wanted.start - begin, 0), min(wanted.stop - begin, rows))
    num_envs = places.stop - places.start
    seeds = Seeds(spec.seed, "evaluation", (policy.version, chunk))
    vector = watch.time(together, spec.environment, num_envs, seeds, places.start)
    draws = _draws(playing, range(begin + places.start, begin + places.stop))
    seen = np.zeros((rows, info.observation_size), np.float32)
    valid = None if info.mask is None else np.ones((rows, *info.mask.shape), np.bool_)
    returns, lengths = np.zeros(num_envs), np.zeros(num_envs, np.int32)
    going = np.ones(num_envs, np.bool_)
    memory = cells.initial(spec, rows)
    t = 0
    with foreign(lambda: f"{where}, step {t}"):
        observations = watch.time(vector.reset)
        filmed = [
            Script(begin + place, seeds, place, vector.begun(i), [], 0.0)
            for i, place in enumerate(range(places.start, places.stop))
            if begin + place < spec.evaluation.recorded
        ]
        while going.any() and t < MAX_STEPS:
            now = stored(observations, info)
            refuse_observations(pick(now, None), info, going[None], where, t - 1)
            seen[places] = features(now, info)
            if valid is not None:
                masks.refuse_forbidding(now, info.mask, going, where, t - 1)
                valid[places] = masks.of(now, info.mask)
            outputs = actor.outputs(seen, mask=valid, memory=memory)
            actions = actor.sent(_chosen(actor, outputs[places], draws, t))
            for i, script in enumerate(filmed):
                if going[i]:
                    script.actions.append(actions[i].copy())  # an environment may write to it
            observations, rewards, terminated, truncated, _ = watch.time(
                vector.vector.step, actions
            )
            own = vector.own_rewards()
            earned = rewards if own is None else own
            refuse_non_finite("reward", earned[None], going[None], where, t)
            returns += np.where(going, earned, 0.0)
            lengths += going
            going &= ~(terminated | truncated)
            t += 1
    if going.any():
        raise EnvironmentFailed(f"{where}: an episode did not end in {MAX_STEPS} steps")
    scripts = [script._replace(earned=float(returns[i])) for i, script in enumerate(filmed)]
    return returns, lengths, scripts


def _draws(playing: Playing, episodes: range) -> Draws | None:
    """The noise of these episodes; None: the most probable actions are played."""
    spec, policy, info, *_ = playing
    if not spec.evaluation.draws:
        return None
    acting = registry.acting(spec)
    return Draws(lambda: acting.actor(spec, policy, info, {}), spec.seed, policy.version, episodes)


def _chosen(actor: Actor, outputs: np.ndarray, draws: Draws | None, t: int) -> np.ndarray:
    return actor.deterministic(outputs) if draws is None else actor.sample(outputs, draws.at(t))
