"""ndarrays in msgpack: extension type 1, holding dtype, shape and raw little-endian bytes.

All sizes are checked before memory is allocated for them.
"""

import math
from typing import Any

import msgpack
import numpy as np

from faastraingym.schemas.errors import PayloadError

MAX_PAYLOAD_BYTES = 1 << 30
MAX_DIMENSIONS = 8
NDARRAY = 1
DTYPES = frozenset(
    {"<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "|b1"}
)


def pack(payload: Any) -> bytes:
    """`payload` (maps, lists, scalars, bytes, ndarrays) as msgpack; equal data gives equal bytes.

    Raises:
        PayloadError: an array of a dtype that is not for the wire or another such value, or too
            large to be read again.
    """
    try:
        packed: bytes = msgpack.packb(payload, default=_pack_array)
    except PayloadError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PayloadError(f"no wire form: {error}") from error
    _bound(packed)
    return packed


def unpack(data: bytes | memoryview) -> Any:
    """The inverse of `pack`. Arrays are read-only views into `data`: nothing is copied.

    Raises:
        PayloadError: too large, not msgpack, or an array that contradicts itself.
    """
    _bound(data)
    try:
        return msgpack.unpackb(data, ext_hook=_unpack_array, strict_map_key=True)
    except PayloadError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as error:
        raise PayloadError(f"not a payload: {error}") from error


def _bound(data: bytes | memoryview) -> None:
    if len(data) > MAX_PAYLOAD_BYTES:
        raise PayloadError(f"a payload of {len(data)} bytes; the limit is {MAX_PAYLOAD_BYTES}")


def _pack_array(value: Any) -> msgpack.ExtType:
    if not isinstance(value, np.ndarray):
        raise PayloadError(f"{type(value).__name__} has no wire form")
    if value.ndim > MAX_DIMENSIONS:
        raise PayloadError(f"an array of {value.ndim} dimensions; the limit is {MAX_DIMENSIONS}")
    array = np.ascontiguousarray(value)
    dtype = array.dtype.newbyteorder("<").str
    if dtype not in DTYPES:
        raise PayloadError(f"dtype {dtype} has no wire form; allowed: {sorted(DTYPES)}")
    raw = array.astype(dtype, copy=False).tobytes()
    return msgpack.ExtType(NDARRAY, msgpack.packb([dtype, list(value.shape), raw]))


def _unpack_array(code: int, data: bytes) -> np.ndarray:
    if code != NDARRAY:
        raise PayloadError(f"extension type {code} is unknown")
    fields = msgpack.unpackb(data, max_array_len=MAX_DIMENSIONS, max_ext_len=0, max_map_len=0)
    if not (isinstance(fields, list) and len(fields) == 3):
        raise PayloadError("an array is [dtype, shape, bytes]")
    dtype, shape, raw = fields
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise PayloadError(f"dtype {dtype!r:.40} is not allowed; allowed: {sorted(DTYPES)}")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise PayloadError(f"shape {shape!r:.80} is not a list of sizes")
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if not isinstance(raw, bytes) or len(raw) != expected:
        raise PayloadError(f"shape {shape} of {dtype} takes {expected} bytes; other were found")
    if dtype == "|b1" and raw.translate(None, b"\x00\x01"):
        raise PayloadError("an array of |b1 holds bytes other than 0 and 1")
    return np.frombuffer(raw, dtype=dtype).reshape(shape)
