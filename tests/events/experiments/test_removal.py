"""What stands against the removal of an experiment, and which runs go with it."""

import pytest

from faastraingym.events.experiments import removal
from faastraingym.events.experiments.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m

NAME = "sweep"
REQUESTED = m.ExperimentRequested(run=NAME, spec={})
STOP = m.ExperimentStopRequested(run=NAME)
FAILED = m.ExperimentFailed(run=NAME, reason="of the test")
REMOVED = m.RunRemoved(run=NAME)


def trial(number: int, *runs: str) -> m.TrialRequested:
    return m.TrialRequested(run=NAME, trial=number, settings={}, origin={}, runs=[*runs])


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], ""),
        ([REQUESTED], "experiment sweep goes on; first `faastrain stop sweep`"),
        (
            [REQUESTED, STOP],
            "experiment sweep is stopping; `faastrain follow sweep` waits for its end",
        ),
        ([REQUESTED, STOP, FAILED], ""),
        ([REQUESTED, FAILED], ""),
        ([REQUESTED, REMOVED], ""),
        ([REMOVED], ""),
    ],
)
def test_one_that_goes_on_is_refused_with_what_to_do(facts: list[m.Message], why: str) -> None:
    records = [Recorded(number, 1.0, fact) for number, fact in enumerate(facts)]
    assert removal.refusal(NAME, fold(records)) == why


def test_its_runs_are_those_that_its_trials_name_once_each_by_trial() -> None:
    """A fact may be in the log and in the store's copy."""
    first, second = trial(0, "sweep-0-1", "sweep-0-2"), trial(1, "sweep-1-1", "sweep-1-2")
    found = removal.runs([REQUESTED, second, FAILED, first, second])
    assert found == ["sweep-0-1", "sweep-0-2", "sweep-1-1", "sweep-1-2"]
    assert removal.runs([REQUESTED, FAILED]) == []
