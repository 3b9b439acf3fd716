"""PPO's state-dependent noise (gSDE): densities by hand, and what it is refused for."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.actor_critic import likelihoods, networks
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actor_critic.sampling import StateDependent
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.ppo import acting, learner
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
LOG_STD = np.log(np.array([[0.5, 1.0], [2.0, 0.25]], np.float32))  # [L, A]
OUTPUTS = np.array([[0.5, -1.0, 1.0, 2.0]], np.float32)  # means, then features
# variances 0.25 + 4 * 4 and 1 + 4 / 16
DEVIATIONS = [math.sqrt(16.25), math.sqrt(1.25)]
LOG_TWO_PI = math.log(2.0 * math.pi)


def a_spec(make_spec: Make, env_id: str = "Pendulum-v1", **algorithm: Any) -> RunSpec:
    settings = {"hidden_sizes": [8], "log_std_init": -1.0, "sde_sample_freq": 4, **algorithm}
    settings = {"update_epochs": 1, "num_minibatches": 1, **settings}
    return make_spec(env_id, rollout={"num_steps": 12, "count": 1}, algorithm=settings)


def test_a_density_by_hand() -> None:
    """One deviation off the first mean, none off the second."""
    actions = np.array([[0.5 + DEVIATIONS[0], -1.0]], np.float32)
    expected = -0.5 - sum(map(math.log, DEVIATIONS)) - LOG_TWO_PI
    found = StateDependent(LOG_STD, 1).log_prob(OUTPUTS, actions)
    np.testing.assert_allclose(found, [expected], rtol=1e-5)
    architecture = Architecture(Trunk((), "tanh"), 2, continuous=True, state_dependent=True)
    known = {"policy": {"log_std": LOG_STD}}
    ours, entropy = likelihoods.of_actions(architecture, known, OUTPUTS, actions)
    np.testing.assert_allclose(ours, [expected], rtol=1e-5)
    np.testing.assert_allclose(entropy, [sum(map(math.log, DEVIATIONS)) + 1.0 + LOG_TWO_PI])


def test_a_sample_by_hand() -> None:
    """The mean, and of features 1 and 2 the first row and twice the second."""
    matrix = np.array([[[0.5, 1.0], [-1.0, 3.0]]], np.float32)
    of = StateDependent(LOG_STD, 1)
    assert of.sample(OUTPUTS, matrix).tolist() == [[0.5 + 0.5 - 2.0, -1.0 + 1.0 + 6.0]]
    assert of.mode(OUTPUTS).tolist() == [[0.5, -1.0]]


def test_features_are_not_learnt_for_their_noise() -> None:
    """Of a density at the mean, only the noise's own parameters and the mean have a gradient."""
    architecture = Architecture(Trunk((4,), "tanh"), 1, continuous=True, state_dependent=True)
    parameters = networks.initial(architecture, 3, jax.random.key(1))
    assert parameters["policy"]["log_std"].shape == (4, 1)

    def entropy(policy: networks.Parameters) -> jax.Array:
        both = {**parameters, "policy": policy}
        outputs = networks.policy_outputs(architecture, both, jnp.ones((2, 3)))
        return likelihoods.of_actions(architecture, both, outputs, jnp.zeros((2, 1)))[1].sum()

    gradient = jax.grad(entropy)(parameters["policy"])
    assert np.abs(gradient["log_std"]).sum() > 0.0
    assert not np.abs(gradient["layer_0"]["kernel"]).any()


@pytest.mark.parametrize("every", [0, 1, 4])
def test_noise_in_two_halves_is_the_noise_of_the_whole(make_spec: Make, every: int) -> None:
    spec = a_spec(make_spec, sde_sample_freq=every)
    policy, info = learner.project(learner.initialise(spec)), describe(spec)
    first, second = (acting.actor(spec, policy, info, {}) for _ in range(2))
    whole, parts = np.random.default_rng(3), np.random.default_rng(3)
    halves = [first.noise(parts, steps, 3) for steps in (5, 7)]
    assert np.array_equal(np.concatenate(halves), second.noise(whole, 12, 3))


def test_states_and_trajectories_are_as_declared(make_spec: Make) -> None:
    spec = a_spec(make_spec)
    state = learner.initialise(spec)
    shape_checks.learner(spec, state)
    policy = shape_checks.policy(spec, learner.project(state))
    assert policy.parameters["policy/log_std"].shape == (8, 1)
    trajectory = collect(spec, policy, 0, None)
    shape_checks.batch(spec, [trajectory], None)
    assert np.array_equal(trajectory.actions, collect(spec, policy, 0, None).actions)


def test_choices_have_no_such_noise(make_spec: Make) -> None:
    [problem] = spaces.check(a_spec(make_spec, "CartPole-v1"))
    assert problem == (
        "spec.algorithm.sde_sample_freq: found 4; allowed: none, for state-dependent noise is "
        "added to the numbers of a Box, and CartPole-v1 takes others"
    )
    with pytest.raises(SpecificationError, match=r"sde_sample_freq: found -1; allowed: an integer"):
        a_spec(make_spec, sde_sample_freq=-1)
