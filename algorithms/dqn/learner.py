"""DQN's learner: the Q-network and its target, by replay."""

from functools import partial
from typing import cast

import jax
import jax.numpy as jnp

from faastraingym.algorithms.dqn.specification import DQN
from faastraingym.algorithms.dqn.updating import Setup, descend
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks.description import trunk
from faastraingym.algorithms.off_policy import learner, networks
from faastraingym.algorithms.off_policy.networks import Architecture
from faastraingym.algorithms.off_policy.updating import Learnt, Method, optimizer
from faastraingym.schemas.specification import RunSpec

__all__ = ["initialise", "project", "update"]


def setup(spec: RunSpec) -> Setup:
    """The settings and the network of a run."""
    settings, info = cast(DQN, spec.algorithm), describe(spec)
    architecture = Architecture(trunk(spec, info), info.action_size, settings.dueling)
    return Setup(settings, architecture, info.observation_size)


def initial(of: Setup, key: jax.Array) -> Learnt:
    """Version 0; the target network is a copy."""
    q = networks.initial(of.architecture, of.observation_size, key)
    adam = optimizer(of.settings).init(q)
    return Learnt({"q": q, "target": q}, {"adam": adam, "steps": jnp.int32(0)})


METHOD = Method("q", setup, initial, descend)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
project = partial(learner.project, METHOD)
