"""Perturbed settings: within bounds, of the same types, the same for every replay."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.experiments.schedulers import perturbed
from tests.events.experiments.specs import experiment

SPACE: dict[str, Any] = {
    "algorithm.learning_rate": {"kind": "log-uniform", "low": 1e-5, "high": 1e-2},
    "algorithm.gamma": {"kind": "uniform", "low": 0.9, "high": 0.999},
    "algorithm.num_epochs": {"kind": "integer", "low": 1, "high": 12},
    "rollout.num_steps": {"kind": "integer", "low": 32, "high": 512, "step": 32},
    "environment.num_envs": {"kind": "integer", "low": 2, "high": 64, "log": True},
    "algorithm.activation": {"kind": "choice", "values": ["tanh", "relu", "elu"]},
    "algorithm.slope": {
        "kind": "uniform",
        "low": 0.5,
        "high": 1.5,
        "when": {"algorithm.activation": ["elu"]},
    },
}
PARENT = {
    "algorithm.learning_rate": 1e-3,
    "algorithm.gamma": 0.95,
    "algorithm.num_epochs": 4,
    "rollout.num_steps": 128,
    "environment.num_envs": 8,
    "algorithm.activation": "tanh",
}


def population(space: dict[str, Any] = SPACE, seed: int = 0, **settings: Any) -> Any:
    sampler = {"name": "random", "trials": 8, "seed": seed}
    scheduler = {"name": "population", "every": 100} | settings
    return experiment(scheduler, space=space, sampler=sampler)


@given(
    seed=st.integers(0, 1_000),
    trial=st.integers(0, 100),
    rung=st.integers(0, 20),
    resample=st.sampled_from([0.0, 0.25, 1.0]),
    factors=st.sampled_from([(0.8, 1.25), (0.5, 2.0), (0.01, 100.0)]),
)
def test_values_stay_within_their_dimensions(
    seed: int, trial: int, rung: int, resample: float, factors: tuple[float, float]
) -> None:
    """Over generations, too."""
    spec = population(seed=seed, resample=resample, factors=factors)
    settings = PARENT
    for generation in range(5):
        parent, settings = settings, perturbed(spec, settings, trial, rung + generation)
        assert perturbed(spec, parent, trial, rung + generation) == settings
        assert (
            settings == perturbed(spec, dict(settings), trial, rung + generation) or generation >= 0
        )
        for path, value in settings.items():
            dimension = SPACE[path]
            if dimension["kind"] == "choice":
                assert value in dimension["values"]
                continue
            assert dimension["low"] <= value <= dimension["high"]
            assert type(value) is (int if dimension["kind"] == "integer" else float)
            assert dimension["kind"] != "integer" or not (
                (value - dimension["low"]) % dimension.get("step", 1)
            )
        assert ("algorithm.slope" in settings) == (settings["algorithm.activation"] == "elu")
        assert list(settings) == [path for path in SPACE if path in settings]


@given(seed=st.integers(0, 1_000), trial=st.integers(0, 100), rung=st.integers(0, 20))
def test_without_draws_a_number_is_multiplied_and_a_choice_moves_to_a_neighbour(
    seed: int, trial: int, rung: int
) -> None:
    found = perturbed(population(seed=seed, resample=0.0), PARENT, trial, rung)
    assert found["algorithm.learning_rate"] in (1e-3 * 0.8, 1e-3 * 1.25)
    assert found["algorithm.gamma"] in (0.9, 0.999)  # 0.76 and 1.1875 lie beyond
    assert found["algorithm.num_epochs"] in (3, 5)
    assert found["rollout.num_steps"] in (96, 160)
    assert found["environment.num_envs"] in (6, 10)
    assert found["algorithm.activation"] == "relu"


@pytest.mark.parametrize(("value", "near"), [(1, {1, 2}), (2, {1, 3}), (12, {10, 12})])
def test_a_small_integer_moves_by_a_step_at_least(value: int, near: set[int]) -> None:
    path = "algorithm.num_epochs"
    space = {path: SPACE[path]}
    specs = [population(space, seed=seed, resample=0.0) for seed in range(20)]
    assert {perturbed(spec, {path: value}, 3, 0)[path] for spec in specs} == near


@pytest.mark.parametrize(("value", "near"), [("tanh", {"relu"}), ("relu", {"tanh", "elu"})])
def test_a_choice_has_one_neighbour_or_two(value: str, near: set[str]) -> None:
    path = "algorithm.activation"
    specs = [population({path: SPACE[path]}, seed=seed, resample=0.0) for seed in range(20)]
    assert {perturbed(spec, {path: value}, 3, 0)[path] for spec in specs} == near


def test_a_choice_is_found_by_what_it_is() -> None:
    """1.0 is 1, as after a way through JSON; true is not."""
    space = {"a.b": {"kind": "choice", "values": [True, 7, 1]}}
    assert perturbed(population(space, resample=0.0), {"a.b": 1.0}, 0, 0) == {"a.b": 7}


def test_a_single_choice_stays() -> None:
    space = {"a.b": {"kind": "choice", "values": [7]}}
    assert perturbed(population(space, resample=0.0), {"a.b": 7}, 0, 0) == {"a.b": 7}


def test_draws_are_independent_of_the_parent_and_fill_the_range() -> None:
    spec = population(resample=1.0)
    other = PARENT | {"algorithm.learning_rate": 1e-5, "algorithm.activation": "relu"}
    drawn = [perturbed(spec, PARENT, trial, 0) for trial in range(200)]
    assert drawn == [perturbed(spec, other, trial, 0) for trial in range(200)]
    rates = [each["algorithm.learning_rate"] for each in drawn]
    assert 0.4 < sum(rate < 10**-3.5 for rate in rates) / 200 < 0.6
    assert {each["algorithm.num_epochs"] for each in drawn} == set(range(1, 13))
    assert {each["rollout.num_steps"] for each in drawn} == set(range(32, 513, 32))
    assert 0.3 < sum(each["environment.num_envs"] <= 11 for each in drawn) / 200 < 0.7
    slopes = [each for each in drawn if "algorithm.slope" in each]
    assert {each["algorithm.activation"] for each in slopes} == {"elu"}


def test_a_logarithmic_integer_stands_for_what_is_rounded_to_it() -> None:
    """Of 1 to 3, 1 is drawn with probability log(1.5 / 0.5) / log(3.5 / 0.5) = 0.56."""
    space = {"a.b": {"kind": "integer", "low": 1, "high": 3, "log": True}}
    spec = population(space, resample=1.0)
    drawn = [perturbed(spec, {"a.b": 2}, trial, 0)["a.b"] for trial in range(400)]
    assert 0.5 < drawn.count(1) / 400 < 0.62
    assert set(drawn) == {1, 2, 3}


def test_a_condition_that_is_met_now_draws_and_one_that_is_not_removes() -> None:
    """Whatever the order in which dimensions are declared."""
    space = {path: SPACE[path] for path in ("algorithm.slope", "algorithm.activation")}
    spec = population(space, resample=0.0)
    elu = {"algorithm.activation": "elu", "algorithm.slope": 1.0}
    assert perturbed(spec, elu, 0, 0) == {"algorithm.activation": "relu"}
    for trial in range(20):
        found = perturbed(spec, {"algorithm.activation": "relu"}, trial, 0)
        if found["algorithm.activation"] == "elu":
            assert 0.5 <= found["algorithm.slope"] <= 1.5
            assert list(found) == ["algorithm.slope", "algorithm.activation"]
            break
    else:
        pytest.fail("no trial of 20 moved to elu")


def test_one_more_dimension_changes_no_other() -> None:
    """Nor does another order; another trial, rung or seed changes all."""
    paths = list(PARENT)
    fewer = {path: SPACE[path] for path in reversed(paths[1:])}
    whole, part = population(), population(fewer)
    found = perturbed(whole, PARENT, 3, 1)
    assert perturbed(part, PARENT, 3, 1) == {path: found[path] for path in paths[1:]}
    others = [
        perturbed(whole, PARENT, 4, 1),
        perturbed(whole, PARENT, 3, 2),
        perturbed(population(seed=1), PARENT, 3, 1),
    ]
    assert all(other != found for other in others)
