"""What the exporter shows: names, labels, and that there is an end to them."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from faastraingym.events.experiments.history import fold
from faastraingym.events.export import tables
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.metrics import (
    KEEP_SECONDS,
    MOST_EXPERIMENTS,
    MOST_LEARNER,
    MOST_POLICIES,
    MOST_RUNS,
    Family,
    Observation,
    Queue,
    add_answer,
    families,
    is_kept,
    shown,
)
from faastraingym.events.views import watching
from faastraingym.events.views.run import RunView, Spent, Watched
from faastraingym.events.views.watching import ExperimentView
from faastraingym.schemas.messages import (
    EpisodeSummary,
    InvocationCompleted,
    RunFailed,
    RunRequested,
    RunStalled,
)
from tests.events.experiments.acting_out import Log, calm
from tests.events.facts import (
    RAW,
    REQUESTED,
    RUN,
    STARTED,
    dead,
    evaluated,
    ready,
    reissued,
    updated,
)

DOCS = Path(__file__).parents[3] / "docs" / "observability.md"
GRID = {
    "run": RAW,
    "space": {"algorithm.gamma": {"kind": "choice", "values": [0.9, 0.95, 0.99]}},
    "seeds": [1],
    "at_once": 1,
}
DEAD = {("rollout",): 1, ("rollout", "unsigned"): 7, ("evaluate", "callback"): 2}
NOTHING = Observation(now=100.0, queues=[], dead_letters={}, streams={})


def requested(run: str, at: float = 1.0, *more: Recorded) -> RunView:
    return Watched(run=run).add([Recorded(1, at, RunRequested(run=run, spec=RAW)), *more]).view


def ended(run: str, at: float) -> RunView:
    return requested(run, 1.0, Recorded(2, at, RunFailed(run=run, reason="no")))


def by_name(*views: RunView, seen: Observation = NOTHING) -> dict[str, Family]:
    apart = {"reconcile": Spent(by_status={200: 3})}
    return {family.name: family for family in families(views, apart, seen)}


def test_names_are_prometheus_names() -> None:
    """One prefix; a counter's name gets its _total from the client; labels are as many as given."""
    found = by_name(requested("a"))
    assert len(found) > 20
    for family in found.values():
        assert re.fullmatch(r"faastrain_[a-z_]+(?<!_total)", family.name)
        assert family.help.endswith(".")
        assert all(len(values) == len(family.labels) for values, _ in family.rows)


def test_what_nothing_was_said_of_is_not_shown() -> None:
    """No evaluation yet is not an evaluation of 0."""
    found = by_name(requested("a"))
    assert found["faastrain_run_evaluation_return"].rows == []
    assert found["faastrain_run_versions"].rows == []
    assert found["faastrain_run_target_return"].rows == [(("a",), 475.0)]
    assert found["faastrain_run_status"].rows == [(("a", "requested"), 1.0)]


def test_a_runs_numbers() -> None:
    """Each of them, of a run that everything was said of."""
    said = [
        REQUESTED,
        STARTED,
        updated(0),
        replace(ready(0), lag=1, episodes=EpisodeSummary(episodes=2, return_sum=9, length_sum=6)),
        updated(1),
        evaluated(1, 480.0),
        RunStalled(run=RUN, number=0, waiting_for=[]),
        dead(),
        reissued(0, 1),
        RunFailed(run=RUN, reason="no"),
    ]
    records = [Recorded(at, float(at), fact) for at, fact in enumerate(said, start=1)]
    found = by_name(Watched(run=RUN).add(records).view)
    assert {f.name: f.rows for f in found.values() if "run_" in f.name and f.rows} == {
        f"faastrain_{name}": [((RUN, *labels), value)]
        for name, labels, value in (
            ("run_active", (), 0.0),
            ("run_requested_timestamp_seconds", (), 1.0),
            ("run_last_fact_timestamp_seconds", (), 10.0),
            ("run_versions", (), 1.0),
            ("run_env_steps", (), 100.0),
            ("run_episodes", (), 1.0),
            ("run_budget_env_steps", (), 300.0),
            ("run_target_return", (), 475.0),
            ("run_training_return", (), 4.5),
            ("run_episode_length_steps", (), 3.0),
            ("run_evaluation_return", (), 480.0),
            ("run_evaluation_return_stddev", (), 1.0),
            ("run_staleness_versions", (), 1.0),
            ("run_stalls", (), 1.0),
            ("run_reissued_rollouts", (), 1.0),
            ("run_dead_letters", (), 1.0),
            ("run_info", ("CartPole-v1", "ppo"), 1.0),
            ("run_status", ("failed",), 1.0),
        )
    }


def test_what_belongs_to_no_run_is_shown_apart() -> None:
    """Ticks of the clock cost, too."""
    assert by_name()["faastrain_invocations"].rows == [(("none", "reconcile", "200"), 3.0)]


def test_answers_to_callers_are_counted_by_the_policy_that_acted() -> None:
    """The newest policies alone: a run that trains has a new one with every update."""
    answers: dict[str, Spent] = {}
    for policy, status in [
        ("models/a/1", 200),
        ("", 404),
        ("models/a/1", 400),
        ("models/a/2", 200),
    ]:
        add_answer(answers, answered(policy, status))
    found = {family.name: family.rows for family in families([], {}, NOTHING, [], answers)}
    assert found["faastrain_policy_requests"] == [
        (("models/a/1", "200"), 1.0),
        (("models/a/1", "400"), 1.0),
        (("models/a/2", "200"), 1.0),
    ]
    assert found["faastrain_policy_request_seconds"] == [
        (("models/a/1",), 0.5),
        (("models/a/2",), 0.25),
    ]
    for version in range(MOST_POLICIES - 1):
        add_answer(answers, answered(f"runs/b/{version}", 200))
        add_answer(answers, answered("models/a/2", 200))
    assert len(answers) == MOST_POLICIES
    assert "models/a/1" not in answers
    assert answers["models/a/2"].by_status == {200: MOST_POLICIES}


def answered(policy: str, status: int) -> InvocationCompleted:
    return InvocationCompleted(
        run="none",
        function="act",
        call_id="c",
        replica="act-0",
        started_at=1.0,
        seconds=0.25,
        memory_mb=512,
        cold_start=False,
        status=status,
        policy=policy,
    )


@pytest.mark.parametrize(("age", "stays"), [(KEEP_SECONDS - 1, True), (KEEP_SECONDS, False)])
def test_a_run_leaves_an_hour_after_its_end(age: float, stays: bool) -> None:
    """By the facts' own times."""
    assert is_kept(ended("a", 10.0).ended_at, now=10.0 + age) == stays


def test_a_run_that_goes_on_stays() -> None:
    """However long it takes."""
    assert is_kept(requested("a").ended_at, now=1e9)


def test_there_is_an_end_to_runs() -> None:
    """Those that go on come first, then the newest; how many are left out is told."""
    views = [ended(f"old-{i}", float(i + 2)) for i in range(MOST_RUNS)] + [requested("active")]
    chosen = [view.run for view in shown(views, MOST_RUNS)]
    assert len(chosen) == MOST_RUNS
    assert chosen[:2] == ["active", f"old-{MOST_RUNS - 1}"]
    assert by_name(*views)["faastrain_runs_hidden"].rows == [((), 1.0)]


def test_there_is_an_end_to_a_learners_metrics() -> None:
    """Their names come from messages."""
    metrics = {f"m{i:03}": 1.0 for i in range(MOST_LEARNER + 9)}
    view = replace(requested("a"), learner=metrics)
    assert len(by_name(view)["faastrain_learner_metric"].rows) == MOST_LEARNER


def watched(name: str, facts: int, at: float = 1.0) -> ExperimentView:
    """An experiment of a grid of three trials, two at once, after so many of its facts."""
    log = calm(Log(GRID), lambda trial, seed, rung: 10.0 * trial if trial else None)
    records = [record._replace(at=at + n) for n, record in enumerate(log.records[:facts])]
    return watching.view(name, fold(records))


def test_an_experiments_numbers_while_it_goes_on() -> None:
    """Trial 0 failed, 1 goes on; a state without trials has 0, or its last number would stay."""
    found = {f.name: f.rows for f in families([], {}, NOTHING, [watched("x", 6)])}
    assert {name: rows for name, rows in found.items() if "_experiment_" in name} == {
        "faastrain_experiment_active": [(("x",), 1.0)],
        "faastrain_experiment_requested_timestamp_seconds": [(("x",), 1.0)],
        "faastrain_experiment_last_fact_timestamp_seconds": [(("x",), 6.0)],
        "faastrain_experiment_trials_planned": [(("x",), 3.0)],
        "faastrain_experiment_runs_active": [(("x",), 1.0)],
        "faastrain_experiment_best_return": [],
        "faastrain_experiment_gigabyte_seconds": [(("x",), 1.0)],
        "faastrain_experiment_status": [(("x", "running"), 1.0)],
        "faastrain_experiment_trials": [
            (("x", state), float(count))
            for state, count in (
                ("running", 1),
                ("waiting", 0),
                ("paused", 0),
                ("stopped", 0),
                ("completed", 0),
                ("failed", 1),
            )
        ],
    }


def test_an_experiment_that_has_ended_shows_its_best_until_it_leaves() -> None:
    view = watched("x", 99)
    found = {f.name: f.rows for f in families([], {}, NOTHING, [view])}
    assert found["faastrain_experiment_best_return"] == [(("x",), 20.0)]
    assert found["faastrain_experiment_status"] == [(("x", "completed"), 1.0)]
    assert found["faastrain_experiment_active"] == [(("x",), 0.0)]
    assert dict(found["faastrain_experiment_trials"])["x", "completed"] == 2.0
    assert is_kept(view.ended_at, view.ended_at + KEEP_SECONDS - 1)


def test_there_is_an_end_to_experiments() -> None:
    views = [watched(f"old-{i}", 99, 1.0 + i) for i in range(MOST_EXPERIMENTS)]
    found = {f.name: f.rows for f in families([], {}, NOTHING, [*views, watched("on", 6)])}
    assert len(found["faastrain_experiment_status"]) == MOST_EXPERIMENTS
    assert found["faastrain_experiment_status"][0] == (("on", "running"), 1.0)
    assert found["faastrain_experiments_hidden"] == [((), 1.0)]


def test_queues_are_shown_though_they_are_empty() -> None:
    """Depth, age in seconds, dead letters: 0 is a number."""
    queues = [Queue("rollout", "command", 3, 2, 90.0), Queue("evaluate", "command", 0, 0, None)]
    found = by_name(seen=NOTHING._replace(queues=queues, dead_letters=DEAD))
    assert found["faastrain_queue_messages"].rows == [
        (("rollout", "command", "waiting"), 3.0),
        (("rollout", "command", "in_hand"), 2.0),
        (("evaluate", "command", "waiting"), 0.0),
        (("evaluate", "command", "in_hand"), 0.0),
    ]
    ages = [value for _, value in found["faastrain_queue_oldest_seconds"].rows]
    assert ages == [10.0, 0.0]
    for name, counts in {
        "dead_letters": (0.0, 1.0),
        "dead_letters_unsigned": (0.0, 7.0),
        "dead_callbacks": (2.0, 0.0),
    }.items():
        rows = zip((("evaluate",), ("rollout",)), counts, strict=True)
        assert found[f"faastrain_{name}"].rows == list(rows)


def test_a_stream_is_shown_beside_what_it_may_hold() -> None:
    found = by_name(seen=NOTHING._replace(streams={"FTG_OPEN": (3, 700, 1000)}))
    shown = [found[f"faastrain_stream_{name}"].rows for name in ("messages", "bytes", "max_bytes")]
    assert shown == [[(("FTG_OPEN",), float(n))] for n in (3, 700, 1000)]


def test_the_documented_table_is_this_one() -> None:
    """`python -m faastraingym.deploy.generated` writes it."""
    assert tables.metrics() in DOCS.read_text()
