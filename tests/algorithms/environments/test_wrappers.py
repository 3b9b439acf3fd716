"""Gymnasium's wrappers, as a specification names them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.actors.evaluation_pieces import divided
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.client.training_environment import build
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.payloads import Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec, to_dict

Make = Callable[..., RunSpec]
ALL = [
    {"name": "RescaleAction", "kwargs": {"min_action": -1, "max_action": 1}},
    {"name": "FrameStackObservation", "kwargs": {"stack_size": 3}},
    {"name": "ClipReward", "kwargs": {"min_reward": -0.5, "max_reward": 0.0}},
    {"name": "TimeLimit", "kwargs": {"max_episode_steps": 6}},
]


@pytest.fixture
def make(make_spec: Make) -> Make:
    def build(
        *wrappers: Any, env_id: str = "Pendulum-v1", steps: int = 8, **tables: Any
    ) -> RunSpec:
        environment = {"wrappers": list(wrappers)}
        algorithm = {"hidden_sizes": [4], "update_epochs": 1}
        tables = {"environment": environment, "rollout": {"num_steps": steps}, **tables}
        return make_spec(env_id, algorithm=algorithm, **tables)

    return build


def collected(spec: RunSpec, previous: Trajectory | None = None) -> Trajectory:
    learner = registry.learner(spec)
    found = collect(spec, learner.project(learner.initialise(spec)), 0, previous)
    return load(dump(found), Trajectory)


def test_they_wrap_in_their_order(make: Make) -> None:
    """Pendulum's 3 numbers become 9, its torque of 2 becomes 1, its rewards are cut."""
    spec = make(*ALL)
    assert spaces.check(spec) == []
    info = describe(spec)
    assert (info.observation_shape, info.low, info.high) == ((3, 3), (-1.0,), (1.0,))
    found = collected(spec)
    seen = found.observations[:7]  # of the first episode
    np.testing.assert_array_equal(seen[1:, :, 1], seen[:-1, :, 2])
    assert found.rewards.min() == -0.5
    assert found.truncated.any(axis=1).tolist() == [False] * 5 + [True] + [False] * 2
    assert build(spec.environment, None).observation_space.shape == (3, 3)


def test_returns_are_the_environment_s_own(make: Make) -> None:
    """In episodes of training and in evaluations: a wrapper that cuts rewards changes none."""
    spec = make(*ALL)
    found = collected(spec)
    assert (found.episode_returns < -0.5 * 6).any()
    learner = registry.learner(spec)
    policy = learner.project(learner.initialise(spec))
    cut = evaluate(spec, policy)
    uncut = evaluate(make(*ALL[:2], ALL[3]), policy)
    assert set(cut.lengths) == {6}
    np.testing.assert_array_equal(cut.returns, uncut.returns)


def test_a_continued_rollout_is_the_same_bits(make: Make) -> None:
    """Twelve steps, cut in the middle of stacked frames, are what twelve at once are."""
    whole = collected(make(*ALL, steps=12))
    spec = make(*ALL, steps=4)
    parts: list[Trajectory] = []
    for _ in range(3):
        before = shape_checks.continued(spec, parts[-1]) if parts else None
        parts.append(collected(spec, before))
    for name in ("actions", "rewards", "truncated", "valid"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert joined.tobytes() == getattr(whole, name).tobytes(), name
    seen = [*(part.observations[:-1] for part in parts), parts[-1].observations[-1:]]
    assert np.concatenate(seen).tobytes() == whole.observations.tobytes()


def test_a_limit_of_steps_makes_an_endless_environment_finite(make: Make) -> None:
    """And counts where evaluations are divided."""
    assert "no limit of steps" in spaces.check(make(env_id="Blackjack-v1"))[0]
    limit = {"name": "TimeLimit", "kwargs": {"max_episode_steps": 500}}
    limited = make(limit, env_id="Blackjack-v1", evaluation={"episodes": 20})
    assert spaces.check(limited) == []
    assert divided(limited).evaluation.pieces == 5  # of 2,000 steps at the most


def test_flat_observations(make: Make) -> None:
    spec = make(ALL[3], {"name": "FlattenObservation"}, env_id="Blackjack-v1")
    assert spaces.check(spec) == []
    assert describe(spec).observation_shape == (32 + 11 + 2,)


REFUSED = [
    ({"name": "FrameStack"}, "[0].name: found 'FrameStack'; did you mean 'FrameStackObservation'?"),
    ({"name": "os.system"}, "[0].name: found 'os.system'; allowed: AtariPreprocessing, ClipRew"),
    (
        {"name": "NormalizeReward"},
        "[0].name: found 'NormalizeReward'; instead of it `[[reward]] kind = \"normalize\"`",
    ),
    (
        {"name": "NormalizeObservation"},
        "[0].name: found 'NormalizeObservation'; instead of it set spec.algorithm.normalize_obs",
    ),
    (
        {"name": "ClipReward", "kwargs": {"min": 0}},
        "[0].kwargs.min: ClipReward has no such argument; ",
    ),
    (
        {"name": "FlattenObservation", "kwargs": {"env": 1}},
        "[0].kwargs.env: FlattenObservation has no such argument",
    ),
    ({"name": "FrameStackObservation"}, "[0].kwargs.stack_size: missing; FrameStackObs"),
    (
        {"name": "FrameStackObservation", "kwargs": {"stack_size": 0}},
        "[0]: FrameStackObservation cannot wrap Pendulum-v1: ValueError: The stack_size needs to",
    ),
    ({"name": "GrayscaleObservation"}, "[0]: GrayscaleObservation cannot wrap Pendulum-v1: "),
    (
        {"name": "TimeLimit", "kwargs": {"max_episode_steps": -1}},
        "[0].kwargs.max_episode_steps: found -1; allowed: an integer from 1 to 1048576",
    ),
]


@pytest.mark.parametrize(("wrapper", "words"), REFUSED, ids=[r[1] for r in REFUSED])
def test_wrong_names_and_arguments_are_refused_with_their_path(
    make: Make, wrapper: Any, words: str
) -> None:
    (problem,) = spaces.check(make(wrapper))
    assert problem.startswith("spec.environment.wrappers" + words)


@pytest.mark.parametrize(
    ("wrapper", "words"),
    [
        ("TimeLimit", "wrappers[0]: found 'TimeLimit'; allowed: a table"),
        ({"nam": "TimeLimit"}, "wrappers[0].nam: unknown key; did you mean 'name'?"),
        ({"name": "TimeLimit", "kwargs": 3}, "wrappers[0].kwargs: found 3; allowed: a table"),
    ],
)
def test_what_is_no_wrapper_is_refused_by_the_schema(make: Make, wrapper: Any, words: str) -> None:
    with pytest.raises(SpecificationError) as refusal:
        make(wrapper)
    assert f"spec.environment.{words}" in str(refusal.value)


def test_a_specification_without_wrappers_keeps_its_bytes(make_spec: Make) -> None:
    spec = make_spec()
    assert "wrappers" not in to_dict(spec)["environment"]
    assert replace(spec.environment).wrapped_by == ()
