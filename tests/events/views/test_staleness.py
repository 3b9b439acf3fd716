"""How old the data of updates was, and what came too late."""

import pytest

from faastraingym.cli.summary import rows
from faastraingym.events.views.report import build
from faastraingym.events.views.staleness import dropped, staleness
from faastraingym.schemas.report import Staleness
from tests.events import facts
from tests.events.facts import collected, history, ready, updated

OPENED = [facts.REQUESTED, facts.STARTED, updated(0)]


def test_only_updates_that_were_made_count() -> None:
    """Batch 3 was collected ahead, and nothing has learnt from it yet."""
    batches = [ready(0), ready(1, lag=1), ready(2, lag=2), ready(3, lag=2)]
    said = history(*OPENED, *batches, updated(1), updated(2), updated(3))
    assert staleness(said) == Staleness(mean=1.0, max=2)
    assert staleness(history(*OPENED, ready(0))) is None


def test_a_rollout_that_its_batch_did_not_wait_for_is_dropped() -> None:
    """Of version 0 one, of version 1 none; version 2's batch may yet take both."""
    said = history(
        *OPENED,
        *(collected(0, index) for index in (0, 1, 2)),
        ready(0, indices=(0, 2)),
        *(collected(1, index) for index in (0, 1)),
        ready(1),
        *(collected(2, index) for index in (0, 1)),
    )
    assert dropped(said) == 1
    assert dropped(history(*OPENED)) == 0


@pytest.mark.parametrize("lag", [0, 2])
def test_the_report_tells_both_and_its_summary_what_is_not_usual(lag: int) -> None:
    said = history(
        *OPENED,
        *(collected(0, index) for index in (0, 1, 2)),
        ready(0),
        updated(1),
        ready(1, lag=min(lag, 1)),
        updated(2),
        ready(2, lag=lag),
        updated(3),
    )
    report = build(facts.RUN, said, [], now=5000.0)
    assert (report.staleness, report.dropped_rollouts) == (
        Staleness(mean=(min(lag, 1) + lag) / 3, max=lag),
        1,
    )
    named = dict(rows(report))
    assert named["dropped rollouts"] == "1, which came after their batch"
    expected = "1.0 updates in the mean, 2 at most" if lag else None
    assert named.get("staleness") == expected
