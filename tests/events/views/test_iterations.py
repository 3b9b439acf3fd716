"""Iterations: from one version to the next, along what the end waited for."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import Iteration, iterations
from faastraingym.schemas.messages import RunCompleted
from tests.events import facts
from tests.events.traced import LAGGING_SAID, LAGGING_USAGE, SAID, USAGE, at, ms, publish_once, span


def found(usage=USAGE, said=SAID) -> list[Iteration]:
    return iterations(said, invocations(said, usage))


def path(iteration: Iteration) -> list[tuple[str, str, float, float]]:
    return [
        (step.name, part.kind, ms(part.begin), ms(part.end))
        for step in iteration.path
        for part in step.parts
    ]


def test_the_path_leads_from_fact_to_fact() -> None:
    """Sending, the rollout that came last, who said rewards.ready, the plan, the update."""
    assert path(found()[0]) == [
        ("sending", "broker", 100, 101),
        ("sending", "command", 101, 103),
        ("sending", "stage", 103, 104),
        ("rollout", "cold start", 104, 106),
        ("rollout", "queue", 106, 121),
        ("rollout", "hop", 121, 122),
        ("rollout", "store", 122, 124),
        ("rollout", "environment", 124, 127),
        ("rollout", "policy", 127, 128),
        ("rollout", "stage", 128, 129),
        ("rollout", "broker", 129, 130),
        ("aggregate-rewards", "hop", 130, 133),
        ("aggregate-rewards", "stage", 133, 134),
        ("aggregate-rewards", "broker", 134, 140),
        ("plan-update", "hop", 140, 143),
        ("plan-update", "stage", 143, 145),
        ("plan-update", "command", 145, 147),
        ("update-policy", "store", 147, 150),
        ("update-policy", "update", 150, 190),
        ("update-policy", "stage", 190, 199),
        ("update-policy", "broker", 199, 200),
    ]


@pytest.mark.parametrize(
    "usage",
    [USAGE, [], USAGE[1:], USAGE[:-1], [u for u in USAGE if u.function != "plan-update"]],
    ids=["all", "none", "first missing", "last missing", "one stage missing"],
)
def test_the_parts_add_up_to_the_iteration(usage) -> None:
    """They follow each other without gaps, whatever was not metered."""
    for iteration in found(usage):
        parts = iteration.parts
        assert (parts[0].begin, parts[-1].end) == (iteration.begin, iteration.end)
        assert all(a.end == b.begin and a.begin < a.end for a, b in pairwise(parts))


def test_an_iteration_for_each_version_that_was_learnt_from() -> None:
    """The last version ends the last one."""
    assert [(i.version, ms(i.begin), ms(i.end)) for i in found()] == [(0, 100, 200), (1, 200, 260)]


def test_what_nobody_metered_is_named() -> None:
    """A replica that was killed says nothing: what it was caused by is not known, either."""
    without = [u for u in USAGE if u.heard != "rewards.ready" or u.version]
    steps = [(kind, begin, end) for _, kind, begin, end in path(found(without)[0])]
    assert ("unmetered", 104, 147) in steps


def test_a_failed_attempt_lies_on_the_path_of_what_waited_for_it() -> None:
    """503, then again: the time of both, and between them the retry."""
    late = publish_once(
        *((ms(r.at), r.fact) for r in SAID if r.fact != facts.collected(1, 0)),
        (224, facts.collected(1, 0)),
    )
    received = {"heard": "rollout.completed", "index": 0, "parent": span(("rollout", 216))}
    usage = [replace(u, **received) if u.started_at == at(224) else u for u in USAGE]
    steps = [(kind, a, b) for name, kind, a, b in path(found(usage, late)[1]) if name == "rollout"]
    assert ("retry", 212, 216) in steps


def test_a_pause_between_two_legs_is_no_iteration() -> None:
    """A run that ended and was resumed a week later has no iteration of a week."""
    end = RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(1))
    paused = publish_once(*((ms(r.at), r.fact) for r in SAID), (210, end))
    assert [i.version for i in found(said=paused)] == [0]


def test_with_a_lag_the_path_leads_from_the_version_that_came_after_its_rewards() -> None:
    """The rollouts and their rewards were there when the iteration began."""
    assert path(found(LAGGING_USAGE, LAGGING_SAID)[1]) == [
        ("plan-update", "hop", 200, 203),
        ("plan-update", "stage", 203, 204),
        ("plan-update", "command", 204, 206),
        ("update-policy", "stage", 206, 210),
        ("update-policy", "update", 210, 255),
        ("update-policy", "stage", 255, 260),
    ]
