"""The list of experiments."""

import pytest
from msgspec.structs import replace

from faastraingym.events.experiments.history import fold
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.views.experiments import FACTS, overview, row
from tests.events.experiments.acting_out import Log, calm
from tests.events.facts import RAW
from tests.fakes import InMemoryFactLog

NOW = 9_999.0
GRID = {
    "run": RAW,
    "space": {"algorithm.gamma": {"kind": "choice", "values": [0.9, 0.95, 0.99]}},
    "seeds": [1, 2],
}


class Reading(InMemoryFactLog):
    """A log that knows what was asked of it."""

    def __init__(self, *records: Recorded) -> None:
        super().__init__()
        self.log = [(subjects.of(record.fact), record) for record in records]
        self.asked: list[str] = []

    async def read(self, *subject_filters: str) -> list[Recorded]:
        self.asked += subject_filters
        return await super().read(*subject_filters)


def named(name: str, records: list[Recorded]) -> list[Recorded]:
    return [r._replace(fact=replace(r.fact, run=name), at=r.at + len(name)) for r in records]


@pytest.fixture(scope="module")
def ended() -> list[Recorded]:
    """With a trial that failed."""
    return calm(Log(GRID), lambda trial, seed, rung: 10.0 * trial if trial else None).records


async def test_an_experiment_that_has_ended_is_listed_without_its_trials(
    ended: list[Recorded],
) -> None:
    """As they would tell it, by far fewer facts; of one that goes on they are read."""
    log = Reading(*named("old", ended), *named("going", ended[:7]))
    rows = await overview(log, NOW)
    assert rows == [
        row("going", fold(named("going", ended[:7])), NOW),
        row("old", fold(named("old", ended)), NOW),
    ]
    assert (rows[1].trials, rows[1].of, rows[1].failed) == (3, 3, 1)
    assert rows[1].best is not None
    assert rows[1].best.trial == 2
    assert log.asked == [*FACTS, *subjects.of_run("going")]
