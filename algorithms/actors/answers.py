"""A policy answers observations: actions, how probable they are, values, what it remembers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from faastraingym.algorithms import cells, registry, shape_checks
from faastraingym.algorithms.actors import given
from faastraingym.algorithms.api import Actor, Valuing
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.observations import features, pick
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.act import ActRequest
from faastraingym.schemas.answers import bad_request
from faastraingym.schemas.env_step import Step
from faastraingym.schemas.payloads import LearnerState, Policy
from faastraingym.schemas.specification import RunSpec

AT_ONCE_BYTES = 16 << 20  # of what the networks hold of the rows that pass them together


class Ready(NamedTuple):
    """A policy, ready to answer."""

    spec: RunSpec
    info: SpaceInfo
    policy: Policy
    actor: Actor
    at_once: int  # rows that pass the networks together
    critic: Valuing | None = None  # once somebody wanted values

    def sampler(self) -> Actor:
        """An actor that draws from here on: one may keep noise from one step to the next."""
        return registry.acting(self.spec).actor(self.spec, self.policy, self.info, {})

    @property
    def may_value(self) -> bool:
        """Whether its values are those of a critic, that the learner keeps."""
        return registry.critic(self.spec) is not None

    def valuing(self, networks: LearnerState) -> "Ready":
        """The same with its critic; PayloadError: `networks` have none."""
        made = registry.critic(self.spec)
        return self if made is None else self._replace(critic=made(self.spec, networks, self.info))

    def values(
        self, inputs: np.ndarray, outputs: np.ndarray, memory: np.ndarray | None
    ) -> np.ndarray:
        """V(s), [B] float32, of features [B, O] that gave the actor's outputs, and memory after."""
        if self.critic is not None:
            return self.critic.values(inputs, memory)
        teller: Any = self.actor
        found: np.ndarray = teller.values(outputs)
        return found

    @property
    def tells(self) -> tuple[str, ...]:
        """What it can tell beside actions."""
        has = {
            "log_probs": hasattr(self.actor, "log_probs"),
            "values": hasattr(self.actor, "values") or self.may_value,
            "memory": cells.cell_of(self.spec) is not None,
        }
        return tuple(name for name, is_there in has.items() if is_there)


class Answered(NamedTuple):
    """Of B observations."""

    actions: np.ndarray  # [B, ...], as the environment takes them
    told: dict[str, np.ndarray]  # what was wanted beside them, [B] or [B, M]


def ready(spec: RunSpec, policy: Policy, info: SpaceInfo) -> Ready:
    """A policy of a run of `spec`, in environments of `info`.

    Raises:
        PayloadError: it is another network's.
    """
    shape_checks.networks(spec, policy, info)
    actor = registry.acting(spec).actor(spec, policy, info, {})
    return Ready(spec, info, policy, actor, max(1, AT_ONCE_BYTES // (4 * _floats(spec, info))))


def answer(policy: Ready, asked: ActRequest) -> Answered:
    """What a policy answers; the same request has the same answer, bit for bit.

    Raises:
        AnswerError: observations, masks or memory do not fit the policy, a sample has no seed, or
            something is wanted that the policy cannot tell.
    """
    generator = drawing(asked)
    refuse_untold(policy, asked.want)
    seen, rows = given.observations(asked.observations, asked.action_masks, policy.info)
    memory = given.memory(asked.memory, cells.initial(policy.spec, rows))
    places = [slice(i, i + policy.at_once) for i in range(0, rows, policy.at_once)]
    parts = [_part(policy, seen, memory, asked.want, place, generator) for place in places]
    actions, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Answered(actions, dict(zip(asked.want, columns, strict=True)))


def _part(
    policy: Ready,
    seen: Any,
    memory: np.ndarray | None,
    want: list[Any],
    place: slice,
    generator: np.random.Generator | None,
) -> tuple[np.ndarray, ...]:
    """Actions of some of the rows, whose memory moves on, and what is wanted of them."""
    info, actor = policy.info, policy.actor
    some, remembered = pick(seen, place), None if memory is None else memory[place]
    mask = masks.of(some, info.mask)
    inputs = features(some, info)
    outputs = actor.outputs(inputs, mask=mask, memory=remembered)
    if generator is None:
        actions = actor.deterministic(outputs)
    else:
        sampler = policy.sampler()
        actions = sampler.sample(outputs, sampler.noise(generator, 1, len(outputs))[0])
    told: dict[str, Any] = {"memory": remembered}
    tellers: Any = actor
    if "log_probs" in want:
        told["log_probs"] = tellers.log_probs(outputs, actions)
    if "values" in want:
        told["values"] = policy.values(inputs, outputs, remembered)
    return (actor.sent(actions), *(told[name] for name in want))


def refuse_untold(policy: Ready, want: Sequence[str]) -> None:
    """Raises AnswerError: something is wanted that the policy cannot tell."""
    for i, name in enumerate(want):
        if name not in policy.tells:
            allowed = ", ".join(policy.tells) or "nothing"
            of = registry.name(policy.spec)
            raise bad_request(f"want[{i}]", f"found {name}; allowed: {allowed} of this {of} policy")


def drawing(asked: ActRequest | Step) -> np.random.Generator | None:
    """Of a sample's noise; None: the most probable actions are asked for.

    Raises:
        AnswerError: a sample has no seed.
    """
    if asked.deterministic:
        return None
    if asked.seed is None:
        raise bad_request("seed", "is missing; give one with deterministic = false, for a sample")
    return np.random.Generator(np.random.PCG64(asked.seed))


def _floats(spec: RunSpec, info: SpaceInfo) -> int:
    """Numbers that live of one row at once."""
    found = 2 * info.observation_size + registry.acting(spec).activations(spec, info)
    if sde(spec.algorithm) is None:
        return found
    latent = description.output_size(description.trunk(spec, info), info.observation_size)
    return found + latent * info.action_size
