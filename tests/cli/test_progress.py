from functools import reduce

from faastraingym.cli.progress import Progress, advance, requested
from faastraingym.schemas.messages import RunRequested
from tests.cli.facts import RUN, SPEC, beginning, completed, failed, records, reported


def fold(*facts, every: float = 1.0) -> Progress:
    return reduce(advance, records(*facts, every=every), Progress(run=RUN))


def test_facts_add_up() -> None:
    """Budget and target of the request, the newest version, the last returns."""
    progress = fold(RunRequested(run=RUN, spec=SPEC), *beginning())
    assert (progress.environment, progress.algorithm) == ("CartPole-v1", "ppo")
    assert (progress.budget, progress.target) == (128, 475.0)
    assert (progress.version, progress.env_steps) == (1, 64)
    assert (progress.training_return, progress.evaluation_return) == (20.0, 480.5)
    assert progress.evaluations == (480.5,)
    assert not progress.ended


def test_speed_is_steps_between_versions() -> None:
    """Version 1 came two facts of 0.5 s after version 0: 64 steps in 1 s."""
    assert fold(*beginning(), every=0.5).steps_per_second == 64.0


def test_speed_of_one_moment_is_not_known() -> None:
    """No version, one version, or two at the same instant: no division by zero."""
    assert fold(*beginning()[:2]).steps_per_second is None
    assert fold(*beginning(), every=0.0).steps_per_second is None


def test_the_report_ends_it() -> None:
    """Completed or failed: what is worth looking at is there once the report is written."""
    assert not fold(*beginning(), completed("budget")).ended
    assert fold(*beginning(), completed("budget"), reported()).ended
    assert fold(failed(), reported()).ended


def test_a_specification_that_was_never_checked_tells_nothing() -> None:
    """An event may carry anything."""
    for spec in ({}, {"stop": 3, "environment": []}, {"stop": {"env_steps": "x", "target": "y"}}):
        assert requested(spec)["budget"] == 0
        assert requested(spec)["target"] is None


def test_the_learner_begins_twice() -> None:
    """With the first version, and with the first update; later updates find all of it compiled."""
    begins = [fold(*beginning()[:count]).learner_begins for count in range(1, 6)]
    assert begins == [True, False, True, False, False]
    assert not fold(*beginning(), beginning()[2]).learner_begins
