"""Versions of SAC: what is in a state, what an actor gets of it, and what is told."""

import math

import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.sac import learner
from tests.algorithms.off_policy.runs import Batches, a_ring, a_spec, go_on, started


def test_targets_alpha_and_all_optimizers_are_in_the_state() -> None:
    spec = a_spec("sac", ent_coef_initial=0.5)
    first = started(spec)
    assert first.parameters["ent_coef/log"] == pytest.approx(math.log(0.5))
    for target, critic in (("target_0", "critic_0"), ("target_1", "critic_1")):
        pair = (first.parameters[f"{name}/head/kernel"] for name in (target, critic))
        assert np.array_equal(*pair)
    twins = (first.parameters[f"critic_{i}/head/kernel"] for i in (0, 1))
    assert not np.array_equal(*twins)
    state, _ = go_on(spec, first, {}, a_ring(spec), 4)
    assert int(state.optimizer["steps"]) == 10
    for name in ("policy", "critics", "ent_coef"):
        counts = [
            a for p, a in state.optimizer.items() if p.startswith(f"{name}/") and "count" in p
        ]
        assert [int(count) for count in counts] == [10]
    moved = [path for path, array in state.parameters.items()
             if not np.array_equal(array, first.parameters[path])]  # fmt: skip
    assert moved == list(state.parameters)


def test_an_actor_gets_the_policy_alone() -> None:
    spec = a_spec("sac")
    state = started(spec)
    policy = registry.learner(spec).project(state)
    assert set(policy.parameters) == {p for p in state.parameters if p.startswith("policy/")}


def test_metrics_say_what_was_learnt_and_planned() -> None:
    spec = a_spec("sac")
    batches: Batches = {}
    _, told = go_on(spec, started(spec), batches, a_ring(spec), 4)
    planned = {"learning_rate", "uniform", "gradient_steps", "replayed"}
    learnt = {"critic_loss", "policy_loss", "td_error", "q", "entropy", "ent_coef"}
    assert [set(each) for each in told] == [planned, planned, planned | learnt, planned | learnt]
    assert [each["uniform"] for each in told] == [1.0, 1.0, 0.0, 0.0]
    early, late = (np.concatenate([t.actions.ravel() for t in batches[v]]) for v in (0, 3))
    assert max(np.abs(early).max(), np.abs(late).max()) <= 1.0
    assert told[2]["ent_coef"] == pytest.approx(1.0, abs=0.05)


def test_the_entropy_that_is_wanted_is_of_actions_scaled_to_their_bounds() -> None:
    """Pendulum's torque is -2 to 2, so log 2 more in its own units."""
    default, given = (learner.setup(a_spec("sac", **o)) for o in ({}, {"target_entropy": -0.25}))
    assert default.log_scale == pytest.approx(math.log(2.0))
    assert default.target_entropy == pytest.approx(math.log(2.0) - 1.0)
    assert given.target_entropy == pytest.approx(math.log(2.0) - 0.25)


def test_noise_is_the_versions_own() -> None:
    """Two updates of equal numbers of steps draw other actions."""
    spec = a_spec("sac", learning_starts=0)
    setup = learner.setup(spec)
    draws = [learner.noise(setup, np.random.default_rng(seed), (3, 4)) for seed in (1, 1, 2)]
    assert draws[0]["noise"].shape == draws[0]["next_noise"].shape == (3, 4, 1)
    assert np.array_equal(draws[0]["noise"], draws[1]["noise"])
    assert not np.array_equal(draws[0]["noise"], draws[2]["noise"])
    assert not np.array_equal(draws[0]["noise"], draws[0]["next_noise"])
