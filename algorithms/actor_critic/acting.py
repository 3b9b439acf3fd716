"""The policy in NumPy: the network, whose outputs a distribution of actions reads (`sampling`).

A test holds it to Flax's network within 1e-5. A matrix product's last bits depend on the number of
rows, so a rollout's environments are always acted in together.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from faastraingym.algorithms import cells, dense, statistics
from faastraingym.algorithms.actor_critic.sampling import distribution, masked
from faastraingym.algorithms.environments.actions import sender
from faastraingym.algorithms.environments.observations import normalised
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import arrays, description
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.networks.forward import forward
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RecurrentSpec, RunSpec

# Of a sample, for each element of a cell's output, to go back through time. Of a GRU as measured at
# 2048 steps of 128 environments; of an LSTM by its gates, four to three.
CELL_FLOATS = {"lstm": 25, "gru": 19}
Made = TypeVar("Made", bound="Actor")


def policy_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The policy network's arrays; a policy of continuous actions also has a log_std."""
    trunk, inputs, cell = description.trunk(spec, info), info.observation_size, cells.cell_of(spec)
    network = arrays.trunk_specs("policy", trunk, inputs)
    read = arrays.head_specs("policy", trunk, inputs, info.action_size)
    if cell is not None:
        network |= cells.cell_specs("policy/cell", description.output_size(trunk, inputs), cell)
        read = dense.layer_specs("policy/head", cell.size, info.action_size)
    network |= read
    if sde(spec.algorithm) is not None:
        latent = read["policy/head/kernel"].dimensions[0]
        network["policy/log_std"] = ArraySpec("<f4", latent, info.action_size)
    elif info.continuous:
        network["policy/log_std"] = ArraySpec("<f4", info.action_size)
    return network


def learner_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The arrays of both networks; a cell's output joins what the value network's head reads."""
    trunk, inputs, cell = description.trunk(spec, info), info.observation_size, cells.cell_of(spec)
    shared = description.is_shared(spec)
    network = {} if shared else arrays.trunk_specs("value", trunk, inputs)
    read = arrays.head_specs("value", trunk, inputs, 1)
    if cell is not None:
        both = description.output_size(trunk, inputs) + cell.size
        network |= dense.layer_specs("value/joint", both, cell.size)
        read = dense.layer_specs("value/head", cell.size, 1)
    return policy_arrays(spec, info) | network | read


def activations(spec: RunSpec, info: SpaceInfo) -> int:
    """Floats in the layers of both networks, or of one trunk, and in a cell's gates and states."""
    cell, networks = cells.cell_of(spec), 1 if description.is_shared(spec) else 2
    layers = networks * description.activations(
        description.trunk(spec, info), info.observation_size
    )
    return layers if cell is None else layers + CELL_FLOATS[cell.cell] * cell.size


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """Nothing: a learner from the acting policy's own batch can calculate all of it."""
    return {}


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; it explores by sampling."""
    return made(Actor, spec, policy, info)


def made(kind: type[Made], spec: RunSpec, policy: Policy, info: SpaceInfo) -> Made:
    """An actor of this kind, as the specification has it."""
    settings: Any = spec.algorithm
    rescaled, trunk = settings.rescale_actions is True, description.trunk(spec, info)
    return kind(policy, trunk, info, rescaled, cells.cell_of(spec), sde(settings))


class Actor:
    """A policy, whose network has `trunk`, ready to act in environments of `info`.

    `rescaled`: actions of -1 to 1 are stretched to the bounds of a Box. `cell`: what it remembers
    an episode by, between the hidden layers and the head. `every`: its noise is
    state-dependent, and drawn anew after so many steps.
    """

    def __init__(
        self,
        policy: Policy,
        trunk: Trunk,
        info: SpaceInfo,
        rescaled: bool = False,
        cell: RecurrentSpec | None = None,
        every: int | None = None,
    ) -> None:
        parameters = policy.parameters
        self.parameters, self.network, self.rescaled = parameters, trunk, rescaled
        self.trunk = forward("policy", trunk, parameters)
        self.cell = None if cell is None else cells.of("policy/cell", cell, parameters)
        self.head = dense.layer("policy/head", parameters)
        self.moments = None if policy.statistics is None else statistics.moments(policy.statistics)
        self.normalised = normalised(info)
        self.info, self.output_size = info, info.action_size
        self.distribution = distribution(info, parameters, every)
        self.tells_features = every is not None
        if self.tells_features:
            self.output_size += len(self.head[0])
        self.send = sender(info, rescaled)

    def outputs(
        self,
        observations: np.ndarray,
        mask: np.ndarray | None = None,
        memory: np.ndarray | None = None,
    ) -> np.ndarray:
        """Logits or means, [B, K] float32, of observations [B, O] float32 (not normalised).

        Under the logits, actions that `mask`, [B, M] bool, forbids have probability 0. A recurrent
        policy moves its `memory`, [B, M], on in place. With state-dependent noise
        outputs are means, and the features that the head reads.
        """
        x: np.ndarray = observations
        if self.moments is not None:
            x = statistics.scaled(x, self.moments, self.normalised)
        x = self.trunk(x)
        if self.cell is not None and memory is not None:
            x = self.cell(x, memory)
        scores = dense.linear(self.head, x)
        if self.tells_features:
            return np.concatenate([scores, x], axis=1)
        return scores if mask is None else masked(scores, mask, self.info.action_bits)

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """The noise of `steps` steps, [T, B, K] float32."""
        return self.distribution.noise(generator, (steps, num_envs))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled actions: [B] or [B, A]; numbers are not clipped."""
        return self.distribution.sample(outputs, noise)

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """The most probable actions."""
        return self.distribution.mode(outputs)

    def log_probs(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """log pi(a|s), [...] float32, of outputs [..., K]."""
        return self.distribution.log_prob(outputs, actions)

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment takes them: counted from its first, or within its bounds."""
        return self.send(actions)
