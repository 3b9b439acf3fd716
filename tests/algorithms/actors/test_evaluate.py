from collections.abc import Callable

import numpy as np
import pytest
from gymnasium.utils.seeding import np_random

from faastraingym.algorithms import seeding
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Policy, Statistics, dump
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def test_each_environment_plays_one_episode(make_spec: Make, make_policy: MakePolicy) -> None:
    """More episodes than are stepped together; every CartPole step is worth 1."""
    spec = make_spec(evaluation={"episodes": 40})
    found = evaluate(spec, make_policy(spec))
    assert found.returns.shape == found.lengths.shape == (40,)
    assert np.array_equal(found.returns, found.lengths)
    assert len(set(found.lengths.tolist())) > 3


def test_the_same_version_is_evaluated_the_same_way(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """A retry gives equal bytes; another version plays other episodes."""
    spec = make_spec("Pendulum-v1", evaluation={"episodes": 2})
    first = evaluate(spec, make_policy(spec, version=3))
    assert dump(evaluate(spec, make_policy(spec, version=3))) == dump(first)
    assert not np.array_equal(evaluate(spec, make_policy(spec, version=4)).returns, first.returns)


def test_reward_transforms_do_not_apply(make_spec: Make, make_policy: MakePolicy) -> None:
    """Returns are the environment's own."""
    scaled = make_spec(reward=[{"kind": "scale", "factor": 100.0}])
    policy = make_policy(scaled)
    plain = evaluate(make_spec(), policy)
    assert np.array_equal(evaluate(scaled, policy).returns, plain.returns)


def test_an_environment_that_raises_is_named(make_spec: Make, make_policy: MakePolicy) -> None:
    """The version and the step are named."""
    spec = make_spec("Corridor-v0", environment={"kwargs": {"fails_at": 2}})
    with pytest.raises(EnvironmentFailed, match="evaluation of policy version 0, step 1"):
        evaluate(spec, make_policy(spec))


def test_the_mean_action_is_played_on_normalised_observations(make_spec: Make) -> None:
    """Signal pays the action: returns are sums of 5 (s - 2) / 3 + 1, of evaluation's own seeds."""
    spec = make_spec("Signal-v0", evaluation={"episodes": 2}, algorithm={"hidden_sizes": []})
    parameters = {
        "policy/head/kernel": np.array([[5.0]], np.float32),
        "policy/head/bias": np.array([1.0], np.float32),
        "policy/log_std": np.array([2.0], np.float32),  # far from the mean, were it sampled
    }
    known = Statistics(count=10.0, mean=np.array([2.0]), m2=np.array([90.0]))
    found = evaluate(spec, Policy(version=3, parameters=parameters, statistics=known))
    for place in range(2):
        random = np_random(seeding.integer(spec.seed, "evaluation", 3, 0, place, 0))[0]
        seen = random.normal(size=4)
        expected = (5.0 * (seen - 2.0) / 3.0 + 1.0).sum()
        assert found.returns[place] == pytest.approx(expected, rel=1e-4)


def test_drawn_actions_have_their_own_deviation(make_spec: Make, make_policy: MakePolicy) -> None:
    """Signal pays the action: the mean, and 2 standard normal numbers of each episode's own."""
    drawn = {"episodes": 2, "stochastic": True}
    small = {"hidden_sizes": []}
    spec = make_spec("Signal-v0", evaluation=drawn, algorithm=small)
    parameters = {
        "policy/head/kernel": np.zeros((1, 1), np.float32),
        "policy/head/bias": np.array([1.0], np.float32),
        "policy/log_std": np.log(np.array([2.0], np.float32)),
    }
    found = evaluate(spec, Policy(version=3, parameters=parameters))
    for episode in range(2):
        generator = seeding.generator(spec.seed, "evaluation actions", 3, episode)
        noise = generator.standard_normal((4, 1, 1)).astype(np.float32)
        assert found.returns[episode] == pytest.approx(float((1.0 + 2.0 * noise).sum()), rel=1e-5)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("reward", "version 0, step 2, environment 0: reward is nan"),
        ("observation", "version 0, step 2, environment 0: observation element 0 is nan"),
    ],
)
def test_what_is_not_finite_ends_the_run(
    make_spec: Make, make_policy: MakePolicy, what: str, words: str
) -> None:
    """A mean return of NaN would never reach its target, and never say why."""
    spec = make_spec("Signal-v0", environment={"kwargs": {"spoilt": what, "at": 2}})
    with pytest.raises(EnvironmentFailed, match=words):
        evaluate(spec, make_policy(spec))


def test_the_last_observation_of_an_episode_may_be_anything(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """Nobody acts on it."""
    spec = make_spec("Signal-v0", environment={"kwargs": {"spoilt": "observation", "at": 3}})
    assert np.isfinite(evaluate(spec, make_policy(spec)).returns).all()
