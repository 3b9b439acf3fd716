"""What a sampler is told of trials."""

import math
import random
from typing import Any

import pytest

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.telling import told
from tests.events.experiments.simulating import Experiment
from tests.events.experiments.specs import ASYNCHRONOUS, LEARNING_RATE, SYNCHRONOUS, experiment

RESULTS = [Result(0, 0, 1.0), Result(1, 0, 5.0), Result(0, 1, 2.0)]
STOPPED = Decision(0, 1, "stop", "")
WENT_ON = Decision(0, 0, "continue", "")
FIRST = [each for each in [*SYNCHRONOUS, *ASYNCHRONOUS] if "factor" in each or "quantile" in each]


@pytest.mark.parametrize("scheduler", FIRST)
def test_where_trials_wait_for_later_ones_it_is_the_first_rung(scheduler: dict[str, Any]) -> None:
    spec = experiment(scheduler)
    firsts = {0: Result(0, 0, 1.0), 1: Result(1, 0, 5.0)}
    assert told(spec, RESULTS, [WENT_ON, STOPPED]) == firsts
    assert told(spec, RESULTS, []) == firsts


@pytest.mark.parametrize("name", ["none", "median", "plateau"])
def test_elsewhere_it_is_the_end(name: str) -> None:
    spec = experiment({"name": name} | ({} if name == "none" else {"every": 100}))
    assert told(spec, RESULTS, [WENT_ON]) == {}
    assert told(spec, RESULTS, [WENT_ON, STOPPED]) == {0: Result(0, 1, 2.0)}


def test_a_failure_is_told() -> None:
    spec = experiment({"name": "none"})
    failed = Result(0, 0, None)
    assert told(spec, [failed], [Decision(0, 0, "stop", "it failed")]) == {0: failed}


@pytest.mark.parametrize("scheduler", FIRST, ids=str)
def test_a_sampler_that_waits_and_a_scheduler_that_waits_do_not_wait_for_each_other(
    scheduler: dict[str, Any],
) -> None:
    """And what TPE suggests does not depend on the order of results, even where decisions do."""
    suggested = []
    for order in (1, 2):
        sampler = {"name": "tpe", "trials": 9, "startup": 3}
        held = Experiment(
            spec=experiment(scheduler, sampler=sampler),
            curve=lambda before, chosen, begin, end: -abs(math.log10(chosen[LEARNING_RATE]) + 3),
            settings={},
            sampled=9,
            order=random.Random(order),
        ).run()
        suggested.append([held.settings[trial] for trial in range(9)])
    assert suggested[0] == suggested[1]
    assert len({each[LEARNING_RATE] for each in suggested[0]}) == 9
