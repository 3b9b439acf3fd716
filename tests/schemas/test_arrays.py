"""The ndarray codec: every allowed array survives; no byte sequence does worse than an error."""

from contextlib import suppress

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from faastraingym.schemas import arrays
from faastraingym.schemas.arrays import DTYPES, NDARRAY, pack, unpack
from faastraingym.schemas.errors import PayloadError

shapes = hnp.array_shapes(min_dims=0, max_dims=8, min_side=0, max_side=3)


def extension(*fields: object) -> bytes:
    return msgpack.packb(msgpack.ExtType(NDARRAY, msgpack.packb(list(fields))))


@given(hnp.arrays(st.sampled_from(sorted(DTYPES)), shapes))
def test_an_array_of_any_allowed_dtype_and_shape_round_trips(array: np.ndarray) -> None:
    read = unpack(pack(array))
    assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_big_endian_and_strided_arrays_are_written_as_the_same_little_endian_bytes() -> None:
    plain = np.arange(6, dtype="<i4").reshape(2, 3)
    assert pack(plain.astype(">i4")) == pack(np.asfortranarray(plain)) == pack(plain)


def test_arrays_lie_anywhere_in_maps_and_lists() -> None:
    read = unpack(pack({"a": [np.float32([1.5]), b"raw", "text", None, 2, 0.5, True]}))
    assert read["a"][0].tolist() == [1.5]
    assert read["a"][1:] == [b"raw", "text", None, 2, 0.5, True]


def test_a_read_array_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        unpack(pack(np.zeros(3)))[0] = 1.0


@pytest.mark.parametrize("dtype", ["O", "S3", "U3", "c16", "M8[s]", "c8"])
def test_a_dtype_that_is_not_for_the_wire_is_named(dtype: str) -> None:
    with pytest.raises(PayloadError, match="has no wire form; allowed: "):
        pack(np.zeros(1, dtype))


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**64, 1j])
def test_a_value_without_wire_form_is_a_payload_error(value: object) -> None:
    with pytest.raises(PayloadError, match="no wire form"):
        pack({"x": value})


def test_more_dimensions_than_the_limit_are_refused_on_writing() -> None:
    with pytest.raises(PayloadError, match="9 dimensions; the limit is 8"):
        pack(np.zeros((1,) * 9))


@pytest.mark.parametrize("dtype", ["|O", "<c8", "O", "", ">f4", "f4", 7, None, ["<f4"]])
def test_a_dtype_that_is_not_allowed_is_refused_on_reading(dtype: object) -> None:
    with pytest.raises(PayloadError, match="is not allowed; allowed: "):
        unpack(extension(dtype, [1], b"\0\0\0\0"))


@pytest.mark.parametrize("shape", [[-1], ["1"], [1.0], [True], {}, 1, None, [[1]], [1, None]])
def test_a_shape_that_is_no_list_of_sizes_is_refused(shape: object) -> None:
    with pytest.raises(PayloadError):
        unpack(extension("<f4", shape, b"\0\0\0\0"))


@pytest.mark.parametrize("shape", [[2], [], [0], [1, 2], [2**32, 2**32], [2**63], [0, 2**64 - 1]])
def test_a_shape_that_lies_is_refused(shape: list[int]) -> None:
    with pytest.raises(PayloadError):
        unpack(extension("<f4", shape, b"\0" * 12))


def test_a_giant_shape_is_refused_before_memory_is_taken() -> None:
    """2**62 elements would be four exbibytes: an attempt to take them would not be this error."""
    with pytest.raises(PayloadError, match="takes 18446744073709551616 bytes"):
        unpack(extension("<f4", [2**62], b""))


def test_an_empty_array_with_a_giant_side_is_a_payload_error() -> None:
    with pytest.raises(PayloadError):
        unpack(extension("<f4", [0, 2**64 - 1], b""))


def test_bytes_that_are_no_booleans_are_refused() -> None:
    with pytest.raises(PayloadError, match="other than 0 and 1"):
        unpack(extension("|b1", [2], b"\x01\x02"))


def test_too_few_and_too_many_fields_are_refused() -> None:
    for fields in ((), ("<f4",), ("<f4", [0]), ("<f4", [0], b"", 1)):
        with pytest.raises(PayloadError, match=r"an array is \[dtype, shape, bytes\]"):
            unpack(extension(*fields))


def test_an_array_within_an_array_is_refused() -> None:
    inner = msgpack.ExtType(NDARRAY, msgpack.packb(["<f4", [0], b""]))
    with pytest.raises(PayloadError):
        unpack(extension("<f4", [0], inner))


@pytest.mark.parametrize("code", [0, 2, 127])
def test_another_extension_is_refused(code: int) -> None:
    with pytest.raises(PayloadError, match=f"extension type {code} is unknown"):
        unpack(msgpack.packb(msgpack.ExtType(code, b"x")))


@given(st.integers(0, 10_000))
def test_a_truncated_payload_is_a_payload_error(cut: int) -> None:
    whole = pack({"a": np.arange(12.0).reshape(3, 4), "b": [1, "x"]})
    with pytest.raises(PayloadError):
        unpack(whole[: cut % len(whole)])


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(PayloadError):
        unpack(pack(1) + b"\x01")


def test_a_map_with_keys_that_are_no_text_is_refused() -> None:
    with pytest.raises(PayloadError):
        unpack(msgpack.packb({1: 2}))


def test_deep_nesting_is_a_payload_error() -> None:
    with pytest.raises(PayloadError):
        unpack(b"\x91" * 100_000 + b"\xc0")


def test_a_payload_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_PAYLOAD_BYTES", 10)
    with pytest.raises(PayloadError, match="a payload of 11 bytes; the limit is 10"):
        unpack(b"\0" * 11)


def test_a_payload_that_could_not_be_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_PAYLOAD_BYTES", 10)
    assert pack(b"12345678")
    with pytest.raises(PayloadError, match="a payload of 11 bytes; the limit is 10"):
        pack(b"123456789")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_are_a_payload_error(data: bytes) -> None:
    with suppress(PayloadError):
        assert isinstance(pack(unpack(data)), bytes)


@given(st.binary(max_size=100))
def test_an_array_of_arbitrary_content_is_read_or_is_a_payload_error(content: bytes) -> None:
    with suppress(PayloadError):
        assert isinstance(unpack(msgpack.packb(msgpack.ExtType(NDARRAY, content))), np.ndarray)
