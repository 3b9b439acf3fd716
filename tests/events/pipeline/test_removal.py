"""What a removal takes and what it leaves; what stands against it."""

import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline import removal, subjects
from faastraingym.events.pipeline.history import fold
from faastraingym.events.pipeline.removal import STAYS, Amount, Holdings
from faastraingym.events.ports import Listed, Recorded
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    FACTS,
    Message,
    RunCompleted,
    RunFailed,
    RunRemoved,
    RunResumed,
    RunUnreported,
    StopRequested,
    encode,
    tag,
)
from tests.events import facts
from tests.events.facts import MANIFEST, REPORTED, REQUESTED, RUN, STARTED, policy
from tests.fakes import matches
from tests.schemas.samples import SAMPLES

SAID = [sample for sample in SAMPLES if isinstance(sample, FACTS)]
COMPLETED = RunCompleted(run=RUN, reason="target", policy=policy(1))


def records(*said: Message) -> list[Recorded]:
    return [Recorded(number, 1.0, fact) for number, fact in enumerate(said)]


@pytest.mark.parametrize("fact", SAID, ids=tag)
def test_every_fact_of_the_run_goes_but_two(fact: Message) -> None:
    """None of a run whose name begins alike, or ends so."""
    for run, goes in ((RUN, not isinstance(fact, STAYS)), (f"{RUN}-1", False), ("x", False)):
        subject = subjects.of(replace(fact, run=run))
        assert any(matches(one, subject) for one in removal.filters(RUN)) is goes, subject


def test_the_manifest_goes_first_and_the_removal_stays() -> None:
    names = (keys.log(RUN, 0, 3), keys.removal(RUN), keys.manifest(RUN), keys.policy(RUN, 1))
    listed = [Listed(key, "", 0.0, 5) for key in sorted(names)]
    found = [one.key for one in removal.objects(RUN, listed)]
    assert found == [keys.manifest(RUN), keys.log(RUN, 0, 3), keys.policy(RUN, 1)]


def test_what_goes_is_told_by_kind_with_its_bytes() -> None:
    listed = [
        Listed(key, "", 0.0, size)
        for key, size in (
            (keys.manifest(RUN), 100),
            (keys.trajectory(RUN, 0, 0), 30),
            (keys.trajectory(RUN, 0, 1), 40),
            (keys.report(RUN), 7),
            (keys.report(RUN, 1), 8),
            (keys.learning_curve(RUN), 9),
            (keys.log(RUN, 0, 9), 50),
            (keys.removal(RUN), 60),
            (f"{keys.of_run(RUN)}notes", 1),
        )
    ]
    said = records(REQUESTED, STARTED, facts.updated(0), facts.updated(1), RunRemoved(run=RUN))
    found = removal.holdings(RUN, said, listed, [], [11, 12])
    assert found.objects == {
        "learning_curve": Amount(number=1, bytes=9),
        "log": Amount(number=1, bytes=50),
        "manifest": Amount(number=1, bytes=100),
        "notes": Amount(number=1, bytes=1),
        "report": Amount(number=2, bytes=15),
        "trajectories": Amount(number=2, bytes=70),
    }
    sizes = [len(encode(facts.updated(version))) for version in (0, 1)]
    assert found.facts == {
        "policy.updated": Amount(number=2, bytes=sum(sizes)),
        "run.requested": Amount(number=1, bytes=len(encode(REQUESTED))),
        "run.started": Amount(number=1, bytes=len(encode(STARTED))),
    }
    assert (found.measurements, found.dead_letters) == (Amount(), Amount(number=2, bytes=23))
    assert found.amount.number == 4 + 8 + 2


RESUMED = RunResumed(run=RUN, manifest=MANIFEST, segment=1, env_steps=9)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([REQUESTED, COMPLETED, REPORTED], ""),
        ([REQUESTED, RunFailed(run=RUN, reason="bad"), REPORTED], ""),
        ([REQUESTED, COMPLETED, RunUnreported(run=RUN, reason="no picture")], ""),
        ([REQUESTED, RunRemoved(run=RUN)], ""),
        ([RunRemoved(run=RUN)], ""),
        ([REQUESTED, COMPLETED, REPORTED, RESUMED, RunRemoved(run=RUN)], ""),
        ([], f"there is no run {RUN!r}"),
        ([REQUESTED], f"run {RUN} goes on; first `faastrain stop {RUN}`"),
        ([REQUESTED, COMPLETED, REPORTED, RESUMED], f"run {RUN} goes on"),
        ([REQUESTED, StopRequested(run=RUN)], f"run {RUN} is stopping"),
        ([REQUESTED, COMPLETED], f"the report of run {RUN} is being written"),
    ],
)
def test_only_a_run_that_is_over_can_be_removed(said: list[Message], why: str) -> None:
    found = removal.refusal(RUN, fold(records(*said)))
    assert found.startswith(why)
    assert bool(found) is bool(why)


def test_an_experiment_is_told_with_the_sum_of_its_runs() -> None:
    def held(name: str, facts: dict[str, int], letters: int) -> Holdings:
        return Holdings(
            run_id=name,
            facts={kind: Amount(number=n, bytes=10 * n) for kind, n in facts.items()},
            objects={"log": Amount(number=1, bytes=5)},
            measurements=Amount(number=2, bytes=7),
            dead_letters=Amount(number=letters, bytes=3 * letters),
        )

    own = held("sweep", {"trial.requested": 1}, 0)
    of_runs = [
        held("sweep-0-1", {"run.requested": 1, "rollout.completed": 4}, 1),
        held("sweep-0-2", {"run.requested": 1}, 0),
    ]
    assert removal.together(own, of_runs) == Holdings(
        run_id="sweep",
        runs=["sweep-0-1", "sweep-0-2"],
        facts={
            "rollout.completed": Amount(number=4, bytes=40),
            "run.requested": Amount(number=2, bytes=20),
            "trial.requested": Amount(number=1, bytes=10),
        },
        objects={"log": Amount(number=3, bytes=15)},
        measurements=Amount(number=6, bytes=21),
        dead_letters=Amount(number=1, bytes=3),
    )
