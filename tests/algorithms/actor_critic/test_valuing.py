"""The value function in NumPy: Flax's, with statistics and with what a policy remembers."""

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry, statistics, trees
from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actor_critic.valuing import Critic
from faastraingym.algorithms.cells import cell_of
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks import description
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import LearnerState
from faastraingym.schemas.specification import RunSpec

SEEN = np.random.default_rng(3).normal(size=(6, 4), scale=3).astype(np.float32)


def specified(**algorithm: object) -> tuple[RunSpec, LearnerState]:
    raw = {
        "environment": {"id": "CartPole-v1"},
        "algorithm": {"name": "ppo", **algorithm},
        "stop": {"env_steps": 4096},
    }
    spec = registry.parse(raw)
    return spec, registry.learner(spec).initialise(spec)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("trunk", ["shared", "separate"])
def test_a_recurrent_policys_values_read_what_it_remembers(cell: str, trunk: str) -> None:
    """After it has seen the observation: as the learner's, one step on from a memory."""
    spec, state = specified(recurrent={"cell": cell, "size": 8}, network={"trunk": trunk})
    info, settings = describe(spec), cell_of(spec)
    assert settings is not None
    memory = np.random.default_rng(4).uniform(-1, 1, (6, settings.memory_size)).astype(np.float32)
    architecture = Architecture(
        description.trunk(spec, info), 2, False, recurrent=settings, shared=trunk == "shared"
    )
    parameters = trees.nest(state.parameters)
    kept = np.ones((1, 6), np.bool_)
    remembered = networks.remembered(architecture, parameters, SEEN[None], memory, kept)
    expected = networks.state_values(architecture, parameters, SEEN[None], remembered)[0]
    policy = registry.learner(spec).project(state)
    registry.acting(spec).actor(spec, policy, info, {}).outputs(SEEN, memory=memory)
    found = Critic(spec, state, info).values(SEEN, memory)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
    assert np.ptp(found) > 1e-2


def test_observations_are_normalised_as_the_actors_are() -> None:
    spec, state = specified(normalize_observations=True)
    known = statistics.of_batch(SEEN)
    informed = replace(state, statistics=known)
    by = statistics.moments(known)
    plain = Critic(spec, replace(state, statistics=None), describe(spec))
    found = Critic(spec, informed, describe(spec)).values(SEEN)
    np.testing.assert_array_equal(found, plain.values(statistics.scaled(SEEN, by, None)))


def test_what_has_no_value_function_is_refused() -> None:
    """As the policy alone."""
    spec, state = specified()
    policy = registry.learner(spec).project(state)
    alone = replace(state, parameters=policy.parameters)
    with pytest.raises(PayloadError, match=r"value/head/bias.*: found nothing"):
        Critic(spec, alone, describe(spec))
