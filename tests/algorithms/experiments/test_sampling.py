"""Suggestions follow from the specification and the results alone, and lie inside the space."""

import importlib.metadata
import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faastraingym.algorithms.experiments import conditions
from faastraingym.algorithms.experiments.dimensions import has
from faastraingym.algorithms.experiments.sampling import Told, needed, suggest, versions
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.experiment import AnyDimension, Choice, ExperimentSpec, Integer

BASE: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 50_000},
}
NUMBERS: dict[str, Any] = {
    "algorithm.gamma": {"kind": "uniform", "low": 0.9, "high": 0.999},
    "algorithm.learning_rate": {"kind": "log-uniform", "low": 1e-5, "high": 1e-2},
    "algorithm.update_epochs": {"kind": "integer", "low": 2, "high": 11, "step": 3},
    "algorithm.num_minibatches": {"kind": "integer", "low": 1, "high": 64, "log": True},
}
CONDITIONAL: dict[str, Any] = {
    "algorithm.update_epochs": NUMBERS["algorithm.update_epochs"]
    | {"when": {"algorithm.name": ["ppo"]}},
    "algorithm.name": {"kind": "choice", "values": ["ppo", "a2c"]},
    "algorithm.hidden_sizes": {"kind": "choice", "values": [[64, 64], [32], [256, 256, 8]]},
    "algorithm.gamma": NUMBERS["algorithm.gamma"],
}


def experiment(name: str, *, space: dict[str, Any] | None = None, **changes: Any) -> ExperimentSpec:
    sampler = {"name": name, "trials": 30, "seed": changes.pop("seed", 7)}
    startup = {"startup": 3} if name == "tpe" else {}
    chosen = space or (NUMBERS if name == "cmaes" else CONDITIONAL)
    raw = {"run": BASE, "space": chosen, "seeds": [1, 2], "sampler": sampler | startup, **changes}
    return parse(raw)


def holds(dimension: AnyDimension, value: Any) -> bool:
    """Whether a configuration may have this value."""
    if isinstance(dimension, Choice):
        return has(dimension.values, value)
    if isinstance(dimension, Integer) and (value - dimension.low) % dimension.step:
        return False
    is_type = type(value) is (int if isinstance(dimension, Integer) else float)
    return is_type and dimension.low <= value <= dimension.high


def is_inside(spec: ExperimentSpec, found: dict[str, Any]) -> bool:
    existing = [p for p, each in spec.space.items() if conditions.exists(each, found)]
    return [*found] == existing and all(holds(spec.space[p], v) for p, v in found.items())


def searched(
    spec: ExperimentSpec, trials: int, score: Callable[[int, dict[str, Any]], float | None]
) -> list[Told]:
    """The trials of an experiment whose results are a function of number and settings."""
    told: list[Told] = []
    for trial in range(trials):
        found = suggest(spec, trial, told)
        told.append(Told(found, score(trial, found)))
    return told


SAMPLERS = ("random", "tpe", "cmaes")
scores = st.lists(st.none() | st.floats(-500, 500), min_size=10, max_size=10)


@settings(max_examples=10)
@given(st.sampled_from(SAMPLERS), scores, st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_suggestion_lies_inside_the_space_whatever_the_results_were(
    name: str, found: list[float | None], at_once: int, seed: int
) -> None:
    """Failed trials among them, and settings that only some have."""
    spec = experiment(name, at_once=at_once, seed=seed)
    for told in searched(spec, len(found), lambda trial, _: found[trial]):
        assert is_inside(spec, told.settings), told


@settings(max_examples=10)
@given(st.sampled_from(SAMPLERS), scores, st.integers(1, 9))
def test_the_same_facts_give_the_same_suggestion(
    name: str, found: list[float | None], at_once: int
) -> None:
    """In a process that was asked before, and for each trial anew."""
    spec = experiment(name, at_once=at_once)
    told = searched(spec, len(found), lambda trial, _: found[trial])
    again = [suggest(spec, trial, told[:trial]) for trial in reversed(range(len(found)))]
    assert again[::-1] == [each.settings for each in told]


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("at_once", [1, 4, 7])
def test_what_is_under_way_may_have_ended_or_not(name: str, at_once: int) -> None:
    """The order in which trials end changes nothing."""
    spec = experiment(name, at_once=at_once)
    told = searched(spec, 12, lambda trial, _: float(trial % 5))
    for trial in range(12):
        ended = needed(spec, trial)
        late = [Told(each.settings, None) for each in told[ended:trial]]
        assert suggest(spec, trial, [*told[:ended], *late]) == told[trial].settings


def test_as_many_trials_are_ahead_as_go_on_at_one_time() -> None:
    """Of two runs each."""
    for at_once, ahead in ((1, 1), (2, 1), (3, 2), (8, 4)):
        spec = experiment("tpe", at_once=at_once)
        assert [needed(spec, trial) for trial in (0, ahead - 1, ahead, 20)] == [
            0,
            0,
            1,
            21 - ahead,
        ]
    assert needed(experiment("random"), 20) == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_another_seed_gives_other_suggestions(name: str) -> None:
    first, second = (searched(experiment(name, seed=seed), 8, lambda *_: 1.0) for seed in (1, 2))
    assert all(a.settings != b.settings for a, b in zip(first, second, strict=True))


def test_trials_are_drawn_apart_before_there_is_a_result() -> None:
    """Each has a seed of its own."""
    spec = experiment("tpe", at_once=24)
    found = [told.settings["algorithm.gamma"] for told in searched(spec, 12, lambda *_: None)]
    assert len(set(found)) == 12


def test_results_change_what_is_suggested() -> None:
    """Of TPE and CMA-ES, once there are enough; never of random draws."""
    for name in SAMPLERS:
        spec = experiment(name, at_once=1, space=NUMBERS)
        up, down = (
            searched(spec, 20, lambda _, s, sign=sign: sign * s["algorithm.gamma"])
            for sign in (1, -1)
        )
        assert (up != down and up[-1].settings != down[-1].settings) is (name != "random")


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_a_sampler_finds_better_than_chance(name: str) -> None:
    """A smooth peak in two dimensions, 40 trials, three seeds: the mean of the last ten."""
    space = {path: NUMBERS[path] for path in ("algorithm.gamma", "algorithm.update_epochs")}
    space["algorithm.update_epochs"] = {"kind": "integer", "low": 1, "high": 100}

    def peak(_: int, found: dict[str, Any]) -> float:
        gamma, epochs = found["algorithm.gamma"], found["algorithm.update_epochs"]
        return -(((gamma - 0.95) / 0.1) ** 2) - ((epochs - 60) / 100) ** 2

    def last(sampler: str, seed: int) -> float:
        spec = experiment(sampler, space=space, at_once=2, seed=seed)
        return sum(told.score or 0.0 for told in searched(spec, 40, peak)[-10:])

    assert all(last(name, seed) > last("random", seed) for seed in (1, 2, 3))


def test_a_failed_trial_is_no_result() -> None:
    """The sampler does not learn from it, and goes on; NaN is none either."""
    for name, failed in itertools.product(("tpe", "cmaes"), (None, float("nan"))):
        spec = experiment(name, at_once=1, space=NUMBERS)
        told = searched(spec, 14, lambda trial, _, f=failed: f if trial in (2, 9) else 1.0 * trial)
        assert all(is_inside(spec, each.settings) for each in told)
        as_none = [
            each._replace(score=None) if i in (2, 9) else each for i, each in enumerate(told)
        ]
        assert suggest(spec, 14, told) == suggest(spec, 14, as_none)


def test_settings_that_were_recorded_count_whatever_is_drawn_today() -> None:
    """As after another version of Optuna drew them."""
    spec = experiment("cmaes", at_once=1)
    told = searched(spec, 12, lambda _, s: s["algorithm.gamma"])
    moved = [
        each._replace(settings=each.settings | {"algorithm.gamma": 0.91 + i / 1000})
        for i, each in enumerate(told)
    ]
    assert is_inside(spec, suggest(spec, 12, moved))
    assert suggest(spec, 12, moved) != suggest(spec, 12, told)


def test_whoever_forgets_a_trial_is_told() -> None:
    spec = experiment("tpe")
    with pytest.raises(ValueError, match="trial 3 comes after 3 others; told of 1"):
        suggest(spec, 3, [Told(suggest(spec, 0, []), 1.0)])


def test_a_grid_asks_nobody() -> None:
    space = {"algorithm.gamma": {"kind": "choice", "values": [0.9]}}
    with pytest.raises(ValueError, match="from the start"):
        suggest(parse({"run": BASE, "space": space, "seeds": [1]}), 0, [])


def test_the_libraries_are_named_with_their_versions() -> None:
    named = {name: importlib.metadata.version(name) for name in ("optuna", "cmaes")}
    assert versions() == named


@pytest.mark.parametrize("name", SAMPLERS)
def test_without_optuna_the_remedy_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = experiment(name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(RunFault, match=r"optuna is not installed .* `pip install 'faastraingym\["):
        suggest(spec, 0, [])


def test_optuna_is_imported_only_where_it_is_asked() -> None:
    """A specification is read without it."""
    code = (
        "import sys; from faastraingym.algorithms.experiments import sampling, specification;"
        "print('optuna' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
