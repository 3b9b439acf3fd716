"""What schedulers are for: whole experiments on synthetic learning curves, beside a whole grid."""

import itertools
import math
import random
from typing import Any

import pytest

from faastraingym.events.experiments.rungs import rungs
from tests.events.experiments.simulating import Experiment, Settings
from tests.events.experiments.specs import LEARNING_RATE, experiment

BUDGET = 27_000
GRID: list[Settings] = [
    {LEARNING_RATE: rate, "algorithm.gamma": gamma, "algorithm.num_epochs": epochs}
    for rate, gamma, epochs in itertools.product((1e-4, 1e-3, 1e-2), (0.9, 0.98, 0.999), (2, 4, 8))
]


def saturating(before: float, chosen: Settings, begin: int, end: int) -> float:
    """Towards an asymptote at a speed, as exp does. Curves cross, for what is fast ends lower.

    The best one is 3rd of 27 at first. Were it not among the best third, halving would lose it: no
    scheduler that stops a trial early can know what it would have reached.
    """
    rate = math.log10(chosen[LEARNING_RATE])
    asymptote = 500 - 90 * (rate + 3.1) ** 2 - 4_000 * (chosen["algorithm.gamma"] - 0.98) ** 2
    asymptote -= 3 * (chosen["algorithm.num_epochs"] - 4) ** 2
    speed = 4 * chosen["algorithm.num_epochs"] ** 0.25 * 10 ** (0.1 * (rate + 3)) / BUDGET
    return asymptote - (asymptote - before) * math.exp(-speed * (end - begin))


def on_the_grid(scheduler: dict[str, Any], order: int | None = None) -> Experiment:
    return Experiment(
        spec=experiment(scheduler, BUDGET),
        curve=saturating,
        settings=dict(enumerate(GRID)),
        order=None if order is None else random.Random(order),
    ).run()


WHOLE = on_the_grid({"name": "none"})
FIRSTS = (1_000, 3_000, 9_000, 27_000)
HALVING = {"name": "halving", "first": 1_000, "factor": 3}


def test_the_grid_needs_27_whole_budgets_and_its_curves_cross() -> None:
    assert WHOLE.env_steps == 27 * BUDGET == 729_000
    early = [saturating(0.0, each, 0, 1_000) for each in GRID]
    best, _ = WHOLE.best()
    assert sorted(early, reverse=True).index(early[best]) + 1 == 3


def test_halving_finds_the_best_of_27_with_a_ninth_of_the_steps() -> None:
    """27, 9, 3 and 1 trials up to 1,000, 3,000, 9,000 and 27,000 steps."""
    told = on_the_grid(HALVING)
    assert told.best() == pytest.approx(WHOLE.best())
    assert told.env_steps == 27_000 + 9 * 2_000 + 3 * 6_000 + 18_000 == 81_000
    assert 2 * told.env_steps <= WHOLE.env_steps


def late_or_early(before: float, chosen: Settings, begin: int, end: int) -> float:
    return chosen["early"] * end + chosen["late"] * (end == BUDGET)


def test_halving_loses_a_trial_that_begins_slowly() -> None:
    """Which would end highest: this is the price of the steps that it saves."""
    gains = {trial: (trial / BUDGET, 0) for trial in range(26)} | {26: (0.0, 1_000.0)}
    told, whole = (
        Experiment(
            spec=experiment(scheduler, BUDGET),
            curve=late_or_early,
            settings={n: {"early": early, "late": late} for n, (early, late) in gains.items()},
        ).run()
        for scheduler in (HALVING, {"name": "none"})
    )
    assert whole.best() == (26, 1_000.0)
    assert told.best() == pytest.approx((25, 25.0))


@pytest.mark.parametrize("order", range(20))
def test_asynchronous_halving_does_in_any_order_with_at_most_half(order: int) -> None:
    told = on_the_grid(HALVING | {"asynchronous": True}, order)
    assert told.best() == pytest.approx(WHOLE.best())
    assert 2 * told.env_steps <= WHOLE.env_steps


def test_hyperband_finds_one_of_the_best_five_and_costs_more_than_its_longest_bracket() -> None:
    """Of four brackets, 27, 12, 6 and 4 by size, 27 trials are 15, 7, 3 and 2."""
    told = on_the_grid(HALVING | {"name": "hyperband"})
    sizes = [sum(rungs(told.spec, n)[0] == first for n in range(27)) for first in FIRSTS]
    assert sizes == [15, 7, 3, 2]
    by_bracket = [
        15 * 1_000 + 5 * 2_000 + 1 * 6_000 + 1 * 18_000,
        7 * 3_000 + 2 * 6_000 + 1 * 18_000,
        3 * 9_000 + 1 * 18_000,
        2 * 27_000,
    ]
    assert told.env_steps == sum(by_bracket) == 199_000
    better = [each for each in WHOLE.results if (each.score or 0.0) > told.best()[1] + 1e-9]
    assert len(better) < 5


@pytest.mark.parametrize("order", range(10))
def test_the_median_rule_stops_bad_trials_and_no_good_one(order: int) -> None:
    """Those with a learning rate far off end at half of what the others do, and stop early."""
    told = on_the_grid({"name": "median", "every": 3_000, "trials": 5}, order)
    assert told.best() == pytest.approx(WHOLE.best())
    assert told.env_steps < 0.8 * WHOLE.env_steps
    final = {each.trial: each.score or 0.0 for each in WHOLE.results}
    early = [each.trial for each in told.decisions if each.verdict == "stop" and each.rung < 8]
    median = sorted(final.values())[13]
    assert len(early) >= 8
    assert sum(final[trial] < median for trial in early) >= 0.75 * len(early)


def test_a_plateau_saves_the_steps_in_which_nothing_is_learnt() -> None:
    """After some time constants a curve gains less than 15 in 6,000 steps."""
    told = on_the_grid({"name": "plateau", "every": 3_000, "patience": 2, "min_delta": 15.0})
    whole = {each.trial: each.score or 0.0 for each in WHOLE.results}
    newest = {each.trial: each.score or 0.0 for each in told.results}
    assert told.env_steps < 0.9 * WHOLE.env_steps
    assert all(whole[trial] - newest[trial] < 15.0 for trial in whole)


def falling(before: float, chosen: Settings, begin: int, end: int) -> float:
    """Gains 1 / (1 + (d / 0.3)^2) per budget, d decades of learning rate away from the best one.

    The best one falls from 1e-2 to 1e-4. It is the integral over the steps: rungs change nothing.
    """
    rate = math.log10(chosen[LEARNING_RATE])
    first, last = ((rate + 2 + 2 * at / BUDGET) / 0.3 for at in (begin, end))
    return before + 0.3 / 2 * (math.atan(last) - math.atan(first))


@pytest.mark.parametrize("seed", range(10))
def test_a_population_ends_above_its_best_fixed_member(seed: int) -> None:
    """Where the best learning rate falls with time, no fixed one is good throughout."""
    draw = random.Random(seed)
    members = {n: {LEARNING_RATE: 10 ** draw.uniform(-5, -1)} for n in range(10)}
    sampler = {"name": "random", "trials": 10, "seed": seed}
    scores = {}
    for scheduler in ({"name": "none"}, {"name": "population", "every": 1_000}):
        told = Experiment(
            spec=experiment(scheduler, BUDGET, sampler=sampler),
            curve=falling,
            settings=dict(members),
        ).run()
        assert told.env_steps == 10 * BUDGET
        scores[scheduler["name"]] = told.best()[1]
    assert scores["population"] > 1.1 * scores["none"]


def test_a_copy_begins_with_what_its_parent_had() -> None:
    told = Experiment(
        spec=experiment({"name": "population", "every": 1_000}, 3_000),
        curve=falling,
        settings={n: {LEARNING_RATE: 10.0 ** (-1 - n / 2)} for n in range(8)},
    ).run()
    copies = [each for each in told.decisions if each.verdict == "copy"]
    assert len(copies) == 2 * 2  # the worst quarter, after two rungs
    for copy in copies:
        child = copy.trial % 8 + 8 * (copy.rung + 1)
        assert told.scores[child, copy.rung] == told.scores[copy.parent or 0, copy.rung]
        assert told.settings[child] != told.settings[copy.parent or 0]
