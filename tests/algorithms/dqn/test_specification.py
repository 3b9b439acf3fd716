"""What is refused, each by path, found and allowed; what is planned of a version."""

from typing import Any

import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.limits import Limits
from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline.planning import learning_plan, update_plan
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.specification import RunSpec

RAW: dict[str, Any] = {
    "environment": {"id": "CartPole-v1", "num_envs": 4},
    "rollout": {"count": 2, "num_steps": 8},  # 64 transitions of a version
    "stop": {"env_steps": 1000},
}


def a_spec(rollout: Any = (), environment: Any = (), **algorithm: Any) -> RunSpec:
    return parse(
        {
            **RAW,
            "rollout": RAW["rollout"] | dict(rollout),
            "environment": RAW["environment"] | dict(environment),
            "algorithm": {"name": "dqn", "learning_starts": 0, **algorithm},
        }
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "capacity": (
        {"capacity": 0},
        "spec.algorithm.capacity: found 0; allowed: an integer from 1 to 100000000",
    ),
    "window": (
        {"capacity": 128, "n_step": 17},
        "spec.algorithm.n_step: found 17; allowed: at most 16, the steps of a slot in the window "
        "of spec.algorithm.capacity transitions",
    ),
    "batch": (
        {"batch_size": 201, "learning_starts": 200},
        "spec.algorithm.batch_size: found 201; allowed: at most 200, the transitions in the window "
        "when learning starts",
    ),
    "batch of a version": (
        {"batch_size": 65},
        "spec.algorithm.batch_size: found 65; allowed: at most 64, the transitions in the window",
    ),
    "batch of a capacity": (
        {"batch_size": 65, "capacity": 64, "learning_starts": 900},
        "spec.algorithm.batch_size: found 65; allowed: at most 64, the transitions in the window",
    ),
    "threshold": (
        {"rollout": {"count": 3, "threshold": 2}},
        "spec.rollout.threshold: found 2; allowed: 3, the fan-out (spec.rollout.count), for replay",
    ),
    "episodes": (
        {"rollout": {"horizon": "episodes"}},
        "spec.rollout.horizon: found episodes; allowed: steps, for replay",
    ),
    "memory": (
        {"environment": {"memory": "declared"}, "n_step": 2},
        "spec.algorithm.n_step: found 2; allowed: 1, for with spec.environment.memory = declared",
    ),
    "epsilon": (
        {"exploration_initial": 0.1, "exploration_final": 0.2},
        "spec.algorithm.exploration_final: found 0.2; allowed: at most 0.1, where epsilon begins",
    ),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learnt_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        a_spec(**given)
    [problem] = caught.value.problems
    assert str(problem).startswith(words)


def test_what_is_just_possible_is_accepted() -> None:
    a_spec(capacity=128, n_step=16, batch_size=64)
    a_spec(batch_size=200, learning_starts=200)


def test_boxes_are_no_actions_for_it() -> None:
    [problem] = spaces.check(a_spec(environment={"id": "Pendulum-v1"}))
    assert problem.startswith("spec.environment.id: Pendulum-v1: DQN cannot act in Box(")
    assert "it acts in Discrete: " in problem


def test_a_window_larger_than_the_learners_memory_is_refused() -> None:
    """100 million transitions of 27 bytes; half a million of them fit."""
    limits = Limits(learner=1 << 30)
    [problem] = spaces.check(a_spec(capacity=100_000_000), limits)
    assert problem.startswith(
        "spec.algorithm.capacity: found 100000000 transitions of 4 observation elements, so an "
        "update needs about 3"
    )
    assert "the function update-policy may have 1024 MiB; lower algorithm.capacity" in problem
    assert spaces.check(a_spec(capacity=500_000), limits) == []


@pytest.mark.parametrize(
    ("capacity", "versions"), [(1, 2), (64, 2), (128, 2), (129, 3), (192, 3), (100_000, 1563)]
)
def test_a_capacity_is_a_number_of_whole_versions_and_two_at_least(
    capacity: int, versions: int
) -> None:
    spec = a_spec(capacity=capacity, batch_size=1)
    assert registry.rules(spec).replayed_versions(spec) + 1 == versions
    assert update_plan(spec, 5000, 0, 0).replay == VersionRange(first=5001 - versions, last=5000)
    assert update_plan(spec, 0, 0, 0).replay == VersionRange(first=0, last=0)


@pytest.mark.parametrize(
    ("steps", "epsilon"), [(0, 1.0), (50, 0.8), (100, 0.6), (200, 0.2), (201, 0.2), (2000, 0.2)]
)
def test_epsilon_falls_within_its_part_of_the_budget(steps: int, epsilon: float) -> None:
    spec = a_spec(exploration_fraction=0.2, exploration_final=0.2)
    assert learning_plan(spec, steps).exploration == {"epsilon": pytest.approx(epsilon)}


def test_learning_starts_after_so_many_steps() -> None:
    """Learning starts at that very step: the progress of the budget is rounded back to steps."""
    spec = a_spec(learning_starts=333, gradient_steps=7)
    assert [learning_plan(spec, n).gradient_steps for n in (0, 332, 333, 999)] == [0, 0, 7, 7]


def test_rates_anneal_and_the_correction_of_priorities_grows_to_1() -> None:
    spec = a_spec(learning_rate=0.5, learning_rate_schedule="linear", prioritized=True)
    halfway = learning_plan(spec, 500).coefficients
    assert halfway == pytest.approx({"learning_rate": 0.25, "priority_correction": 0.7})
    assert learning_plan(spec, 1000).coefficients["priority_correction"] == 1.0
    assert set(learning_plan(a_spec(), 0).coefficients) == {"learning_rate"}
