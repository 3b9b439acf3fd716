"""Configurations of a grid, in order, and the base run with one of them."""

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.experiments import conditions
from faastraingym.algorithms.experiments.dimensions import identity, last
from faastraingym.algorithms.experiments.space import grid, overridden, trials
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import Choice, ExperimentSpec, Integer

BASE: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 1000},
    "reward": [{"kind": "scale", "factor": 2.0}, {"kind": "clip", "low": -1, "high": 1}],
}


def experiment(space: dict[str, Any], **changes: Any) -> ExperimentSpec:
    return parse({"run": BASE, "space": space, "seeds": [1], **changes})


def choice(*values: object, **when: object) -> dict[str, Any]:
    return {"kind": "choice", "values": [*values], **when}


def test_settings_replace_those_of_the_base_run_and_the_base_stays() -> None:
    before = copy.deepcopy(BASE)
    settings = {
        "algorithm.gamma": 0.9,
        "rollout.num_steps": 32,
        "reward.1.low": -5,
        "environment.kwargs.a.b": [1],
    }
    assert overridden(BASE, settings) == {
        "environment": {"id": "CartPole-v1", "kwargs": {"a": {"b": [1]}}},
        "algorithm": {"name": "ppo", "gamma": 0.9},
        "stop": {"env_steps": 1000},
        "reward": [{"kind": "scale", "factor": 2.0}, {"kind": "clip", "low": -5, "high": 1}],
        "rollout": {"num_steps": 32},
    }
    assert before == BASE


def test_a_table_and_an_element_are_settings() -> None:
    assert overridden(BASE, {"algorithm": {"name": "dqn"}})["algorithm"] == {"name": "dqn"}
    changed = overridden(BASE, {"reward.0": {"kind": "normalize"}})["reward"]
    assert changed == [{"kind": "normalize"}, BASE["reward"][1]]


@pytest.mark.parametrize("path", ["reward.2", "reward.-1", "reward.x.low", "reward.9.low"])
def test_an_element_that_is_not_there(path: str) -> None:
    with pytest.raises(SpecificationError, match="in a list; allowed: an index below 2"):
        overridden(BASE, {path: 1})


def test_a_grid_has_the_last_setting_fastest() -> None:
    space = {"algorithm.gamma": choice(0.9, 0.99), "rollout.num_steps": choice(32, 64, 128)}
    found = grid(experiment(space))
    assert [tuple(each.values()) for each in found] == [
        (0.9, 32),
        (0.9, 64),
        (0.9, 128),
        (0.99, 32),
        (0.99, 64),
        (0.99, 128),
    ]
    assert trials(experiment(space)) == 6


def test_a_setting_that_does_not_exist_multiplies_nothing() -> None:
    """Conditions of conditions, whatever their order is."""
    space = {
        "algorithm.vf_coef": choice(0.1, 0.2, when={"algorithm.ent_coef": [0.5]}),
        "algorithm.ent_coef": choice(0.4, 0.5, when={"algorithm.gamma": [0.9]}),
        "algorithm.gamma": choice(0.9, 0.99),
    }
    spec = experiment(space)
    assert conditions.order(spec.space) == [
        "algorithm.gamma",
        "algorithm.ent_coef",
        "algorithm.vf_coef",
    ]
    assert [tuple(each.values()) for each in grid(spec)] == [
        (0.9, 0.4),
        (0.9, 0.5, 0.1),
        (0.9, 0.5, 0.2),
        (0.99,),
    ]


def test_a_sampler_says_how_many_configurations_there_are() -> None:
    spec = experiment({"algorithm.gamma": choice(0.9)}, sampler={"name": "random", "trials": 7})
    assert trials(spec) == 7


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_grid_has_each_combination_once(sizes: list[int]) -> None:
    space = {f"environment.kwargs.x{i}": choice(*range(size)) for i, size in enumerate(sizes)}
    found = grid(experiment(space))
    assert len(found) == len({identity(each) for each in found}) == math.prod(sizes)


def test_a_whole_number_is_the_same_setting_as_a_float_and_true_is_not_one() -> None:
    assert identity(1) == identity(1.0) != identity(True)
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    values = [None, math.inf, -math.inf, "inf", "1", 1, 1.5, [1], {"a": 1}]
    assert len(set(map(identity, values))) == len(values)


@given(st.integers(-50, 50), st.integers(0, 50), st.integers(1, 9))
def test_the_last_number_of_a_range_is_a_whole_number_of_steps_above_the_first(
    low: int, width: int, step: int
) -> None:
    dimension = Integer(low=low, high=low + width, step=step)
    assert last(dimension) == [*range(low, low + width + 1, step)][-1]


def test_what_a_dimension_depends_on() -> None:
    space = {
        "a": Choice(values=[1]),
        "b": Choice(values=[1], when={"a": [1]}),
        "c": Choice(values=[1], when={"b": [1]}),
    }
    assert [*conditions.above(space, "c")] == ["a", "b"]
    assert conditions.above(space, "a") == {}
