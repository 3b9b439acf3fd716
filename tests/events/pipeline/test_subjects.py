"""Subjects: a fact's subject is its identity, and filters find exactly what they name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.export.asyncapi import address
from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import (
    COMMANDS,
    FACTS,
    InvocationCompleted,
    Message,
    PolicyUpdated,
    RestoreObject,
    RolloutCompleted,
    WarmUp,
    tag,
)
from tests.schemas import strategies
from tests.schemas.samples import SAMPLES

BY_TAG = {tag(sample): sample for sample in SAMPLES}
FACT_SAMPLES = [sample for sample in SAMPLES if isinstance(sample, FACTS)]


def matches(subject: str, subject_filter: str) -> bool:
    """NATS's own rule: `*` is one token, `>` is one or more at the end."""
    tokens = [re.escape(token) for token in subject_filter.split(".")]
    pattern = r"\.".join(tokens).replace(r"\*", r"[^.]+").replace(">", r".+")
    return re.fullmatch(pattern, subject) is not None


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("run.requested", "ftg.run.requested.cartpole-1"),
        ("run.stop-requested", "ftg.run.stop-requested.cartpole-1.1"),
        ("policy.updated", "ftg.policy.updated.cartpole-1.2"),
        ("rollout.completed", "ftg.rollout.completed.cartpole-1.2.1"),
        ("rewards.ready", "ftg.rewards.ready.cartpole-1.3"),  # that of version 2, whose lag is 1
        ("evaluation.completed", "ftg.evaluation.completed.cartpole-1.2"),
        (
            "invocation.dead-lettered",
            "ftg.invocation.dead-lettered.cartpole-1.7f1c0f3e-2f0b-5a53-a6b5-0d8c54c1f3a1",
        ),
        ("run.completed", "ftg.run.completed.cartpole-1.1"),
        ("run.stalled", "ftg.run.stalled.cartpole-1.3"),
    ],
)
def test_a_fact_is_said_under_its_identity(name: str, subject: str) -> None:
    assert subjects.of(BY_TAG[name]) == subject


@pytest.mark.parametrize("fact", FACT_SAMPLES, ids=tag)
def test_a_fact_lies_under_its_topic_and_its_run_and_no_other(fact: Message) -> None:
    subject = subjects.of(fact)
    assert matches(subject, subjects.of_topic(tag(fact)))
    assert sum(matches(subject, f) for f in subjects.of_run(fact.run)) == 1
    assert not any(matches(subject, f) for f in subjects.of_run(fact.run + "0"))
    others = {tag(kind) for kind in FACTS} - {tag(fact)}
    assert not any(matches(subject, subjects.of_topic(topic)) for topic in others)


@given(st.integers(0, 50), st.integers(0, 50), strategies.of(RolloutCompleted))
def test_the_rollouts_of_a_version_lie_below_it(
    version: int, other: int, fact: RolloutCompleted
) -> None:
    subject = subjects.of(fact)
    below = subjects.below(RolloutCompleted, fact.run, fact.trajectory.version)
    assert matches(subject, below)
    assert subject == subjects.of_kind(
        RolloutCompleted, fact.run, fact.trajectory.version, fact.trajectory.index
    )
    elsewhere = subjects.of_kind(RolloutCompleted, fact.run, version, other)
    assert matches(elsewhere, below) == (version == fact.trajectory.version)


def test_version_1_is_not_below_version_12() -> None:
    assert not matches("ftg.policy.updated.r.12", subjects.of_kind(PolicyUpdated, "r", 1))


def test_metering_lies_under_its_run() -> None:
    usage = BY_TAG["invocation.completed"]
    assert isinstance(usage, InvocationCompleted)
    assert subjects.of_run_usage(usage.run, usage.function) == "ftg-usage.cartpole-1.rollout"
    assert matches(
        subjects.of_run_usage(usage.run, usage.function), subjects.of_run_usage("cartpole-1")
    )


def test_the_kinds_of_subject_never_meet() -> None:
    """One stream each: a subject in two streams is refused by the server."""
    roots = {
        subject.split(".")[0]
        for subject in (
            subjects.of_topic("run.started"),
            subjects.of_command("rollout"),
            subjects.of_old_command("rollout"),
            subjects.of_open_command("rollout"),
            subjects.of_dead_letter("rollout"),
            subjects.of_dead_letter("rollout", subjects.UNSIGNED),
            subjects.of_run_usage("r"),
        )
    }
    assert roots == {"ftg", "ftg-command", "ftg-async", "ftg-open", "ftg-dead", "ftg-usage"}


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if not isinstance(s, (*COMMANDS, RestoreObject, WarmUp))], ids=tag
)
def test_the_documented_address_is_the_subject(sample: Message) -> None:
    documented = re.sub(r"\{\w+\}", "*", address(type(sample)))
    is_usage = isinstance(sample, InvocationCompleted)
    assert matches(
        subjects.of_run_usage(sample.run, sample.function) if is_usage else subjects.of(sample),
        documented,
    )


@pytest.mark.parametrize("fact", FACT_SAMPLES, ids=[tag(fact) for fact in FACT_SAMPLES])
def test_a_facts_subject_names_its_run(fact: Message) -> None:
    assert subjects.run_of(subjects.of(fact)) == fact.run
    assert subjects.run_of("ftg.word") == ""
