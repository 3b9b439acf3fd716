"""A policy acts in environments that a caller steps: the rollout's own loop, with step's answer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from faastraingym.algorithms import cells
from faastraingym.algorithms.actors import given
from faastraingym.algorithms.actors.answers import Ready, drawing, refuse_untold
from faastraingym.algorithms.actors.step_loop import CHUNK, Start, Steps, play, play_episodes
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.batches import Actions
from faastraingym.algorithms.environments.finite import refuse_observations
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.observations import empty, pick, stored
from faastraingym.algorithms.environments.recording import Played, Recording, too_much
from faastraingym.algorithms.environments.sessions import Environments
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.offline.stream import differences
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.answers import AnswerError, bad_request
from faastraingym.schemas.env_step import MOST_ANSWER, Step
from faastraingym.schemas.specification import RunSpec

AT_ONCE = 8  # portions of act's, of what the networks hold, that all environments' rows may be


class Acted(NamedTuple):
    """The answer of a policy's steps."""

    played: Played
    actions: np.ndarray  # [T, B, ...], as the environments took them
    told: dict[str, np.ndarray]  # what was wanted besides: [T, B], or memory [B, M]


class _Fleet:
    """A session's environments as the step loop has a rollout's, which records what they answer."""

    def __init__(self, environments: Environments, info: SpaceInfo, recording: Recording) -> None:
        self.vector = self
        self._environments, self._info, self._recording = environments, info, recording
        self.sent: list[np.ndarray] = []

    def whole(self, *_: Any) -> None:
        """They step one by one."""

    def own_rewards(self) -> None:
        """Rewards are those of the environments in their wrappers, as step tells them."""

    def seen(self) -> Any:
        """What they showed last, [B, ...], with their masks."""
        batch, mask = self._environments.seen(), self._info.mask
        if mask is None or not self._info.mask_is_in_info:
            return batch
        forbidden = np.zeros(mask.shape, np.bool_)  # of what has terminated, and tells none
        size = sum(mask.choices)
        told = [
            masks.boolean(place.info.get(masks.KEY, forbidden), size)
            for place in self._environments.places
        ]
        return {masks.OBSERVATION: batch, "info": {masks.KEY: np.stack(told)}}

    def step(self, sent: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, None]:
        """Steps them all by actions [B, ...]."""
        environments, recording = self._environments, self._recording
        environments.refuse_many(len(self.sent) + 1, recording.path)
        environments.refuse_unrepeatable(1, recording.path)
        recording.take(Actions(sent[None], environments.acted, environments.count), 0)
        self.sent.append(sent)
        ends = recording.terminated[-1], recording.truncated[-1]
        return self.seen(), recording.rewards[-1], *ends, None


class _Actor:
    """A policy's actor, which may act by its most probable actions and tell values beside."""

    def __init__(self, policy: Ready, samples: bool, values: bool) -> None:
        self._policy, self._samples, self._tells = policy, samples, values
        self._actor = actor = policy.sampler() if samples else policy.actor
        self.output_size, self.sent = actor.output_size, actor.sent
        self.values: list[np.ndarray] = []

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """Of samples."""
        return self._actor.noise(generator, steps, num_envs) if self._samples else np.empty(steps)

    def outputs(
        self, observations: np.ndarray, mask: np.ndarray | None, memory: np.ndarray | None
    ) -> np.ndarray:
        """The network's."""
        found = self._actor.outputs(observations, mask, memory)
        if self._tells:
            self.values.append(self._policy.values(observations, found, memory))
        return found

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Its actions."""
        if self._samples:
            return self._actor.sample(outputs, noise)
        return self._actor.deterministic(outputs)


def act(environments: Environments, policy: Ready, asked: Step, late: Callable[[], bool]) -> Acted:
    """The steps that a policy takes from where the environments stand.

    The same environments in the same state have the same answer, bit for bit; and `step` with
    these actions gives what is in `played`.

    Args:
        environments: they move on.
        policy: acts in all of them together.
        asked: names steps or episodes.
        late: says when they have taken too long.

    Raises:
        AnswerError: the request does not fit the environments or the policy, or takes too much.
        EnvironmentFailed: an environment's own code raised, or gave what no policy can read.
    """
    path = "steps" if asked.episodes is None else "episodes"
    info = _fitting(environments, policy, asked)
    each = _bytes(info, policy) * environments.count
    if asked.steps is not None:
        environments.refuse_many(asked.steps, path)
        if asked.steps * each > MOST_ANSWER:
            raise too_much(path, asked.steps * each, asked.steps)
    drawn = drawing(asked)
    memory = given.memory(asked.memory, cells.initial(policy.spec, environments.count))
    actor: Any = _Actor(policy, drawn is not None, "values" in asked.want)
    outputs = 4 * policy.actor.output_size * environments.count  # bytes of a step
    recording = Recording(environments, late, path, outputs)
    fleet: Any = _Fleet(environments, info, recording)
    where = f"{environments.spec.id} under {asked.policy}"
    with foreign(where):
        seen = stored(fleet.seen(), info)
    start = Start(
        vector=fleet,
        observations=seen,
        generator=drawn or np.random.Generator(np.random.PCG64(0)),  # of which nothing is drawn
        ended=np.array([place.ended for place in environments.places]),
        returns=np.zeros(environments.count),
        lengths=np.zeros(environments.count, np.int32),
        origin=policy.policy.version,
        memory=memory,
    )
    chunk = max(1, min(CHUNK, MOST_ANSWER // each))
    steps = _taken(start, actor, info, asked, where, chunk)
    _refuse_unread(steps, start.ended, info, where)
    told: dict[str, Any] = {"memory": memory}
    tellers: Any = policy.actor
    if "log_probs" in asked.want:
        told["log_probs"] = tellers.log_probs(steps.outputs, steps.actions)
    if "values" in asked.want:
        told["values"] = np.stack(actor.values)
    return Acted(
        recording.played(), np.stack(fleet.sent), {name: told[name] for name in asked.want}
    )


def _taken(start: Start, actor: Any, info: SpaceInfo, asked: Step, where: str, chunk: int) -> Steps:
    """The loop of rollouts; a refusal of a step passes it as an environment's failure would."""
    watch = Stopwatch()
    try:
        if asked.steps is not None:
            return play(start, actor, info, asked.steps, None, where, watch)
        return play_episodes(start, actor, info, asked.episodes or 1, where, watch, chunk)
    except EnvironmentFailed as error:
        if isinstance(error.__cause__, AnswerError):
            raise error.__cause__ from None
        raise


def _fitting(environments: Environments, policy: Ready, asked: Step) -> SpaceInfo:
    """The spaces, where policy, environments and request fit each other."""
    if asked.actions is not None:
        raise bad_request("actions", "found some, and a policy; allowed: one of them")
    if (asked.steps is None) == (asked.episodes is None):
        found = "neither" if asked.steps is None else "both"
        raise bad_request(
            "steps", f"found {found} of steps and episodes; allowed: one, with a policy"
        )
    if not environments.vector:
        raise bad_request(
            "state",
            "its environments do not reset themselves; make them with vector = true for a policy "
            "to act in",
        )
    environments.refuse_unbegun()
    refuse_untold(policy, asked.want)
    if environments.count > AT_ONCE * policy.at_once:
        raise AnswerError(
            "too-large",
            "state",
            f"state: found {environments.count} environments; allowed: at most "
            f"{AT_ONCE * policy.at_once} for this policy, whose network sees all at once",
        )
    try:
        info = describe(_in(environments, policy))
    except EnvironmentFailed as error:
        raise bad_request("policy", str(error)) from error
    for difference in differences(policy.info, info):
        raise bad_request("policy", f"found {difference}, as {environments.spec.id} has")
    return info


def _in(environments: Environments, policy: Ready) -> RunSpec:
    return replace(policy.spec, environment=environments.spec)


def _bytes(info: SpaceInfo, policy: Ready) -> int:
    """Of a step of one environment, what the loop keeps."""
    seen = empty(info, 1)
    parts = seen.values() if isinstance(seen, dict) else [seen]
    return sum(int(part.nbytes) for part in parts) + 4 * policy.actor.output_size


def _refuse_unread(steps: Steps, ended: np.ndarray, info: SpaceInfo, where: str) -> None:
    """Raises EnvironmentFailed: the policy acted upon a number that is not finite."""
    ends = steps.terminated | steps.truncated
    acted = ~np.concatenate([ended[None], ends[:-1]])
    refuse_observations(pick(steps.observations, slice(-1)), info, acted, where, -1)
