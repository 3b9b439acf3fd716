from collections.abc import Callable

import numpy as np
import pytest

from faastraingym.algorithms import statistics
from faastraingym.algorithms.actor_critic.acting import Actor
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks.description import trunk
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]


def test_gumbel_noise_samples_the_softmax(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """argmax(logits + Gumbel noise) has the probabilities of softmax(logits)."""
    spec = make_spec()
    actor = Actor(make_policy(spec), trunk(spec, describe(spec)), describe(spec))
    logits = np.tile(np.log(np.array([[0.2, 0.8]], np.float32)), (20_000, 1))
    noise = actor.noise(np.random.default_rng(0), 1, len(logits))[0]
    assert actor.sample(logits, noise).mean() == pytest.approx(0.8, abs=0.01)
    assert actor.deterministic(logits).all()


def test_continuous_actions_are_clipped_only_when_sent(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """The sampled action is kept as it is; the environment gets it within its bounds."""
    spec = make_spec("Pendulum-v1")
    actor = Actor(make_policy(spec), trunk(spec, describe(spec)), describe(spec))
    sampled = actor.sample(np.array([[1.9]], np.float32), np.array([[9.0]], np.float32))
    assert sampled[0, 0] > 2.0
    assert actor.sent(sampled).tolist() == [[2.0]]
    assert actor.log_probs(np.array([[1.9]]), sampled) < -40


def test_actions_are_clipped_in_the_dtype_of_their_space(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """float32's 0.1 is more than float64's, so it would lie outside the space."""
    spec = make_spec("Signal-v0", environment={"kwargs": {"bound": 0.1}})
    sent = Actor(make_policy(spec), trunk(spec, describe(spec)), describe(spec)).sent(
        np.array([[9.0]], np.float32)
    )
    assert (sent.dtype, sent.tolist()) == (np.float64, [[0.1]])


def test_discrete_actions_are_sent_by_the_environments_numbers(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """The corridor's two actions are 1 and 2."""
    spec = make_spec("Corridor-v0")
    actor = Actor(make_policy(spec), trunk(spec, describe(spec)), describe(spec))
    assert actor.sent(np.array([0, 1])).tolist() == [1, 2]


def test_noise_in_parts_is_noise_at_once(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """Two rollouts draw what one twice as long draws."""
    for env_id in ("CartPole-v1", "Pendulum-v1"):
        spec = make_spec(env_id)
        actor = Actor(make_policy(spec), trunk(spec, describe(spec)), describe(spec))
        whole, parts = np.random.default_rng(3), np.random.default_rng(3)
        halves = [actor.noise(parts, 3, 5), actor.noise(parts, 4, 5)]
        assert np.array_equal(actor.noise(whole, 7, 5), np.concatenate(halves))


def test_observations_are_normalised_as_statistics_says(
    make_spec: Make, make_policy: Callable[[RunSpec], Policy]
) -> None:
    """Acting on raw observations equals acting, without statistics, on normalised ones."""
    spec = make_spec()
    seen = np.random.default_rng(1).normal(size=(6, 4), scale=3).astype(np.float32)
    seen[0] = 1e4  # beyond the clip
    policy, known = make_policy(spec), statistics.of_batch(seen[1:])
    informed = Policy(version=0, parameters=policy.parameters, statistics=known)
    mean, scale = statistics.moments(known)
    normalised = np.clip((seen - mean) * scale, -10, 10)
    expected = Actor(policy, trunk(spec, describe(spec)), describe(spec)).outputs(normalised)
    found = Actor(informed, trunk(spec, describe(spec)), describe(spec)).outputs(seen)
    np.testing.assert_allclose(found, expected, atol=1e-6)
