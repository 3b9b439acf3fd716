"""What a reward function is asked and answers: the same after the wire; all else is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faastraingym.schemas.arrays import pack
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.reward_call import Experience, RewardAnswer, RewardCall, dump, load
from tests.schemas import strategies

MEANT = ObjectRef(bucket="b", key="runs/demo/trajectories/0/0", size=3, sha256="0" * 64)


def test_a_call_is_the_same_after_the_wire() -> None:
    one = Experience(version=2, index=1, object=MEANT, url="http://127.0.0.1/b/k?X-Amz-Date=1")
    call = RewardCall(run="demo", version=3, environment="E-v0", gamma=0.9, trajectories=[one])
    assert load(dump(call), RewardCall) == call
    assert dump(call) == dump(load(dump(call), RewardCall))


@given(st.lists(arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=2))))
def test_an_answer_is_the_same_after_the_wire(rewards: list[np.ndarray]) -> None:
    found = load(dump(RewardAnswer(rewards=rewards)), RewardAnswer)
    assert len(found.rewards) == len(rewards)
    for one, other in zip(found.rewards, rewards, strict=True):
        np.testing.assert_array_equal(one, other)


def packed(value: object) -> bytes:
    """As msgpack; nothing of what has no form there."""
    try:
        return pack(value)
    except PayloadError:
        return b""


@given(st.binary() | strategies.plain_data().map(packed))
def test_any_bytes_are_an_answer_or_a_payload_error(data: bytes) -> None:
    try:
        found = load(data, RewardAnswer)
    except PayloadError:
        return
    assert found.rewards == []  # of plain data, which has no arrays


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.bool_])
def test_an_answer_of_another_dtype_is_told_with_its_place(dtype: type) -> None:
    data = pack({"rewards": [np.ones((2, 1), np.float32), np.ones((2, 1), dtype)]})
    with pytest.raises(PayloadError, match=r"RewardAnswer\.rewards\[1\]: found .*; allowed: <f4"):
        load(data, RewardAnswer)
