"""What a sampler is told of a trial."""

from typing import Any

import pytest

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.telling import told
from tests.events.experiments.specs import ASYNCHRONOUS, SYNCHRONOUS, experiment

RESULTS = [Result(0, 0, 1.0), Result(1, 0, 5.0), Result(0, 1, 2.0)]
STOPPED = Decision(0, 1, "stop", "")
WENT_ON = Decision(0, 0, "continue", "")
FIRST = [each for each in [*SYNCHRONOUS, *ASYNCHRONOUS] if "factor" in each or "quantile" in each]


@pytest.mark.parametrize("scheduler", FIRST)
def test_where_trials_wait_for_later_ones_it_is_the_first_rung(scheduler: dict[str, Any]) -> None:
    spec = experiment(scheduler)
    assert told(spec, 0, RESULTS, [WENT_ON, STOPPED]) == Result(0, 0, 1.0)
    assert told(spec, 1, RESULTS, []) == Result(1, 0, 5.0)
    assert told(spec, 2, RESULTS, []) is None


@pytest.mark.parametrize("name", ["none", "median", "plateau"])
def test_elsewhere_it_is_the_end(name: str) -> None:
    spec = experiment({"name": name} | ({} if name == "none" else {"every": 100}))
    assert told(spec, 0, RESULTS, [WENT_ON]) is None
    assert told(spec, 0, RESULTS, [WENT_ON, STOPPED]) == Result(0, 1, 2.0)
    assert told(spec, 1, RESULTS, [WENT_ON, STOPPED]) is None


def test_a_failure_is_told() -> None:
    spec = experiment({"name": "none"})
    failed = Result(0, 0, None)
    assert told(spec, 0, [failed], [Decision(0, 0, "stop", "it failed")]) == failed
