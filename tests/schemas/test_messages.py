"""Messages: every one survives the wire, and nothing else is taken for one."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.schemas import keys, messages
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.export import MESSAGE_TYPES
from faastraingym.schemas.messages import (
    MAX_MESSAGE_BYTES,
    EpisodeSummary,
    RewardsReady,
    RunRequested,
    RunStarted,
    UpdatePlan,
    UpdatePolicy,
    decode,
    encode,
    tag,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import MAX_ROLLOUTS
from tests.schemas import strategies
from tests.schemas.golden import versions
from tests.schemas.samples import MANIFEST, RUN, SAMPLES


def raw(**fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: tag(kind))
@given(data=st.data())
def test_any_message_of_any_type_round_trips(kind: type, data: st.DataObject) -> None:
    message = data.draw(strategies.of(kind))
    assert decode(encode(message)) == message


def test_every_type_is_either_a_fact_or_a_command_or_metering() -> None:
    others = {messages.RestoreObject, messages.WarmUp, messages.InvocationCompleted}
    assert {*messages.FACTS, *messages.COMMANDS, *others} == {*MESSAGE_TYPES}


def test_there_is_a_sample_of_every_type_that_has_a_golden_file() -> None:
    """A type has one from its first release on."""
    released = [kind for kind in MESSAGE_TYPES if versions(tag(kind))]
    assert [type(sample) for sample in SAMPLES] == released


@pytest.mark.parametrize("sample", SAMPLES, ids=tag)
def test_the_newest_golden_file_reads_as_the_sample_and_is_written_the_same(sample) -> None:
    newest = versions(tag(sample))[-1].read_bytes()
    assert decode(newest) == sample
    assert encode(sample) == newest


def test_a_request_of_no_experiment_has_the_bytes_that_it_always_had() -> None:
    oldest = versions("run.requested")[0].read_bytes()
    assert encode(decode(oldest)) == oldest


@pytest.mark.parametrize("sample", SAMPLES, ids=tag)
def test_every_older_golden_file_still_reads(sample) -> None:
    for path in versions(tag(sample)):
        assert type(decode(path.read_bytes())) is type(sample)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_message_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(MessageError):
        decode(data)


@pytest.mark.parametrize("sample", SAMPLES, ids=tag)
@given(data=st.data())
def test_a_damaged_message_is_a_message_or_a_message_error(sample, data: st.DataObject) -> None:
    damaged = bytearray(encode(sample))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MessageError):
        assert isinstance(decode(bytes(damaged)), messages.Message)


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(MessageError, match=r"rollout\.started"):
        decode(raw(type="rollout.started", run=RUN))


def test_a_message_without_a_type_is_refused() -> None:
    with pytest.raises(MessageError, match="type"):
        decode(raw(run=RUN))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(MessageError, match="missing required field `manifest`"):
        decode(raw(type="run.started", run=RUN))


def test_a_wrong_field_is_named_with_its_path() -> None:
    manifest = {"bucket": "b", "key": "k", "size": -1, "sha256": "a" * 64}
    with pytest.raises(MessageError, match=r">= 0.*\$\.manifest\.size"):
        decode(raw(type="run.started", run=RUN, manifest=manifest))


def test_a_field_of_a_later_version_is_passed_over() -> None:
    """An old consumer reads what a newer producer sends."""
    manifest = msgspec.to_builtins(MANIFEST)
    message = decode(raw(type="run.started", run=RUN, manifest=manifest, priority=3))
    assert message == RunStarted(run=RUN, manifest=MANIFEST)


@pytest.mark.parametrize(
    "run", ["", "A", "a.b", "a b", "*", ">", "-a", "a-", "a" * 64, "a\n", "a\n.b", "ü"]
)
def test_a_run_that_is_no_subject_token_is_refused(run: str) -> None:
    with pytest.raises(MessageError, match=r"\$\.run"):
        decode(raw(type="run.stop-requested", run=run))


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_a_digest_that_is_no_sha256_is_refused(digest: str) -> None:
    manifest = {"bucket": "b", "key": "k", "size": 1, "sha256": digest}
    with pytest.raises(MessageError, match="sha256"):
        decode(raw(type="run.started", run=RUN, manifest=manifest))


def test_an_oversized_message_is_refused_before_it_is_read() -> None:
    oversized = b"\xc1" * (MAX_MESSAGE_BYTES + 1)  # 0xc1 is never used in msgpack
    with pytest.raises(MessageError, match="256001 bytes; the limit is 256000"):
        decode(oversized)


def test_the_largest_batch_fits_into_one_message() -> None:
    """With the longest names that a run, a bucket and a version can have."""
    run, version = "r" * 63, 10**9

    def stored(key: str) -> ObjectRef:
        return ObjectRef(bucket="b" * 63, key=key, size=2**32 - 1, sha256="f" * 64)

    policy = PolicyRef(
        version=version,
        policy=stored(keys.policy(run, version)),
        learner=stored(keys.learner(run, version)),
        env_steps=10**15,
        episodes=10**15,
    )
    batch = [
        TrajectoryRef(version=version, index=i, object=stored(keys.trajectory(run, version, i)))
        for i in range(MAX_ROLLOUTS)
    ]
    ready = RewardsReady(
        run=run,
        manifest=stored(keys.manifest(run)),
        policy=policy,
        batch=batch,
        env_steps=10**15,
        episodes=EpisodeSummary(episodes=10**15, return_min=-1.0, return_max=1.0),
        rewards=stored(keys.rewards(run, version)),
    )
    update = UpdatePolicy(
        run=run,
        manifest=ready.manifest,
        policy=policy,
        batch=batch,
        rewards=ready.rewards,
        env_steps=ready.env_steps,
        episodes=10**15,
        schedule=UpdatePlan(
            coefficients={"learning_rate": 1e-3, "clip_coef": 0.2, "ent_coef": 0.0},
            rollouts=MAX_ROLLOUTS,
            evaluate=True,
        ),
    )
    assert decode(encode(ready)) == ready
    assert decode(encode(update)) == update


def test_deep_nesting_is_refused_and_overflows_no_stack() -> None:
    head = encode(RunRequested(run=RUN, spec={"x": None}))
    assert head.endswith(b"\xc0")
    with pytest.raises(MessageError):
        decode(head[:-1] + b"\x91" * 100_000 + b"\xc0")
