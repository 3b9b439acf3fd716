"""Stored objects: each kind survives the store, and one kind is not taken for another."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

from faastraingym.schemas.arrays import pack
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import (
    Evaluation,
    LearnerState,
    Policy,
    Rewards,
    Statistics,
    Stream,
    Trajectory,
    dump,
    load,
)

T, B, O = 3, 2, 4  # noqa: E741  time steps, environments, observation size
GENERATOR = {"state": b"s" * 16, "inc": b"i" * 16, "has_uint32": 0, "uinteger": 0}
NORMALIZE = {"count": 2.0, "mean": np.zeros(1), "m2": np.ones(1), "returns": {"0": np.zeros(B)}}
STATISTICS = Statistics(count=6.0, mean=np.arange(O, dtype="<f8"), m2=np.ones(O))


def trajectory() -> Trajectory:
    flags = np.zeros((T, B), bool)
    return Trajectory(
        version=2,
        index=1,
        observations=np.arange((T + 1) * B * O, dtype="<f4").reshape(T + 1, B, O),
        actions=np.ones((T, B), "<i4"),
        extras={"log_probs": np.full((T, B), -0.7, "<f4")},
        rewards=np.ones((T, B), "<f4"),
        terminated=flags,
        truncated=flags,
        valid=~flags,
        episode_returns=np.array([10.0]),
        episode_lengths=np.array([10], "<i4"),
        statistics=STATISTICS,
        continuation={
            "origin": 0,
            "fleet": {"snapshot": {"state": np.zeros((O, B))}, "generator": GENERATOR},
            "generator": GENERATOR,
            "returns": np.zeros(B),
            "lengths": np.zeros(B, "<i4"),
        },
    )


PAYLOADS: tuple[Struct, ...] = (
    trajectory(),
    Policy(version=2, parameters={"actor/kernel": np.eye(2, dtype="<f4")}, statistics=STATISTICS),
    LearnerState(
        version=2,
        env_steps=99,
        parameters={"w": np.float32([1.0])},
        optimizer={"count": np.array(3, "<i4")},
    ),
    Evaluation(version=2, returns=np.array([10.0, 20.0]), lengths=np.array([10, 20], "<i4")),
    Rewards(version=2, rewards=[np.ones((T, B), "<f4")], state={"0": NORMALIZE}),
    Stream(
        observations=np.ones((T, 4), "<f4"),
        actions=np.array([1, 0, 1], "<i4"),
        rewards=np.ones(T, "<f4"),
        terminated=np.array([False, True, False]),
        truncated=np.zeros(T, bool),
        valid=np.array([True, True, False]),
    ),
)


def flat(value: object) -> object:
    """Equality for trees with arrays in them."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Struct):
        return type(value), flat(structs.asdict(value))
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    return [flat(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: type(p).__name__)
def test_a_payload_round_trips(payload: Struct) -> None:
    assert flat(load(dump(payload), type(payload))) == flat(payload)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: type(p).__name__)
def test_equal_payloads_give_equal_bytes(payload: Struct) -> None:
    """What the SHA-256 of a run rests on."""
    assert dump(load(dump(payload), type(payload))) == dump(payload)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: type(p).__name__)
def test_a_payload_of_another_kind_is_refused(payload: Struct) -> None:
    other = Trajectory if not isinstance(payload, Trajectory) else LearnerState
    with pytest.raises(PayloadError, match=f"not a {other.__name__}: "):
        load(dump(payload), other)


def test_a_list_where_an_array_belongs_is_refused_with_its_path() -> None:
    data = pack({"version": 1, "returns": [1.0], "lengths": np.array([1], "<i4")})
    with pytest.raises(PayloadError, match=r"not a Evaluation: .*returns"):
        load(data, Evaluation)


def test_a_payload_that_is_no_map_is_refused() -> None:
    with pytest.raises(PayloadError, match="not a Policy"):
        load(pack([1, 2]), Policy)


def test_an_array_that_has_no_wire_form_is_refused_on_writing() -> None:
    with pytest.raises(PayloadError, match="dtype"):
        dump(Policy(version=0, parameters={"w": np.zeros(1, "c8")}))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_payload_error(data: bytes) -> None:
    with pytest.raises(PayloadError):
        load(data, Trajectory)


@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_damaged_trajectory_is_a_trajectory_or_a_payload_error(place: int, byte: int) -> None:
    damaged = bytearray(dump(trajectory()))
    damaged[place % len(damaged)] = byte
    with suppress(PayloadError):
        assert isinstance(load(bytes(damaged), Trajectory), Trajectory)


def test_arrays_that_do_not_fit_each_other_are_refused() -> None:
    """One step less in one array would fail only in the middle of an update."""
    short = structs.replace(trajectory(), rewards=np.ones((T - 1, B), "<f4"))
    with pytest.raises(PayloadError, match=r"Trajectory\.rewards: found <f4 \[2, 2\]; allowed"):
        load(dump(short), Trajectory)


def test_a_generators_words_are_128_bits() -> None:
    odd = trajectory()
    assert odd.continuation is not None
    odd.continuation["generator"] = {**GENERATOR, "state": b"short"}
    with pytest.raises(PayloadError, match=r"continuation\.generator\.state"):
        load(dump(odd), Trajectory)
