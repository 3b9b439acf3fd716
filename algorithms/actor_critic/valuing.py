"""The value function in NumPy, of what the learner keeps; a test holds it to Flax's within 1e-5."""

import numpy as np

from faastraingym.algorithms import cells, dense
from faastraingym.algorithms.actor_critic.acting import learner_arrays, policy_arrays
from faastraingym.algorithms.environments.observations import normalised
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.networks.forward import forward
from faastraingym.algorithms.statistics import moments, scaled
from faastraingym.schemas.array_specs import check_named
from faastraingym.schemas.payloads import LearnerState
from faastraingym.schemas.specification import RunSpec


class Critic:
    """The value network of an actor-critic.

    Raises:
        PayloadError: `networks` are of another specification, or have no value function.
    """

    def __init__(self, spec: RunSpec, networks: LearnerState, info: SpaceInfo) -> None:
        needed = learner_arrays(spec, info)
        if not description.is_shared(spec):
            needed = {p: a for p, a in needed.items() if p not in policy_arrays(spec, info)}
        parameters = {p: a for p, a in networks.parameters.items() if p in needed}
        check_named("LearnerState.parameters", parameters, needed)
        trunk = description.trunk(spec, info)
        which = "policy" if description.is_shared(spec) else "value"
        self._trunk, self._head = (
            forward(which, trunk, parameters),
            dense.layer("value/head", parameters),
        )
        self._cell, self._activate = cells.cell_of(spec), dense.ACTIVATIONS[trunk.activation]
        self._joint = None if self._cell is None else dense.layer("value/joint", parameters)
        found = networks.statistics
        self._moments, self._normalised = (
            None if found is None else moments(found),
            normalised(info),
        )

    def values(self, observations: np.ndarray, memory: np.ndarray | None = None) -> np.ndarray:
        """V(s), [B] float32, of observations [B, O] float32, which are not normalised.

        `memory`, [B, M], is that of a recurrent policy after it has seen them.
        """
        x = observations
        if self._moments is not None:
            x = scaled(observations, self._moments, self._normalised)
        x = self._trunk(x)
        if self._cell is not None and self._joint is not None and memory is not None:
            x = dense.linear(self._joint, np.concatenate([x, memory[:, : self._cell.size]], axis=1))
            self._activate(x)
        found: np.ndarray = dense.linear(self._head, x)[:, 0]
        return found
