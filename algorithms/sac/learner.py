"""SAC's learner: a policy, two critics, their targets and alpha, by replay."""

import math
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from msgspec import UNSET

from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks.description import trunk
from faastraingym.algorithms.off_policy import learner
from faastraingym.algorithms.off_policy.updating import Learnt, Method, optimizer
from faastraingym.algorithms.sac import networks
from faastraingym.algorithms.sac.acting import CRITICS, TARGETS
from faastraingym.algorithms.sac.networks import Shapes
from faastraingym.algorithms.sac.specification import SAC
from faastraingym.algorithms.sac.updating import Setup, descend
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.payloads import Arrays
from faastraingym.schemas.specification import RunSpec

__all__ = ["initialise", "project", "update"]


def setup(spec: RunSpec) -> Setup:
    """The settings and the networks of a run."""
    settings, info = cast(SAC, spec.algorithm), describe(spec)
    size = info.action_size
    log_scale = sum(math.log((h - low) / 2.0) for low, h in zip(info.low, info.high, strict=True))
    asked = settings.target_entropy
    return Setup(
        settings=settings,
        shapes=Shapes(trunk(spec, info), info.observation_size, size, _log_std_init(settings)),
        log_scale=log_scale,
        target_entropy=log_scale + (-float(size) if asked is UNSET else asked),
    )


def _log_std_init(settings: SAC) -> float | None:
    if sde(settings) is None:
        return None
    return -3.0 if settings.log_std_init is UNSET else settings.log_std_init


def initial(of: Setup, key: jax.Array) -> Learnt:
    """Version 0; the targets are copies."""
    settings, (own, *keys) = of.settings, jax.random.split(key, 3)
    policy = networks.initial_policy(of.shapes, own)
    drawn = (networks.initial_critic(of.shapes, each) for each in keys)
    critics = dict(zip(CRITICS, drawn, strict=True))
    copies = dict(zip(TARGETS, critics.values(), strict=True))
    adam = optimizer(settings)
    found = {"policy": policy, **critics, **copies}
    states = {"policy": adam.init(policy), "critics": adam.init(critics), "steps": jnp.int32(0)}
    if settings.learns_ent_coef:
        first = 1.0 if settings.ent_coef_initial is UNSET else settings.ent_coef_initial
        found["ent_coef"] = {"log": jnp.float32(math.log(first))}
        states["ent_coef"] = adam.init(found["ent_coef"])
    return Learnt(found, states)


def noise(of: Setup, generator: np.random.Generator, shape: tuple[int, int]) -> Arrays:
    """Standard normal noise of the actions in the states and in those that follow."""
    drawn = generator.standard_normal((2, *shape, of.shapes.action_size)).astype(np.float32)
    return {"noise": drawn[0], "next_noise": drawn[1]}


METHOD = Method("policy", setup, initial, descend, noise)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
project = partial(learner.project, METHOD)
