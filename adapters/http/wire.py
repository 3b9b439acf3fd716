"""Typed requests and answers as bytes: msgpack with arrays, or JSON with nested lists. Pure."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.errors import PayloadError

JSON, MSGPACK = "application/json", "application/msgpack"
KINDS = (MSGPACK, JSON)
Kind = TypeVar("Kind", bound=Struct)
_AT = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def kind_of(headers: Mapping[str, str]) -> str:
    """The kind of a request's body; AnswerError: another. Names of headers are in lower case."""
    found = _media(headers.get("content-type", ""))
    if found not in KINDS:
        raise AnswerError(
            "bad-request", "", f"Content-Type: found {found!r:.80}; allowed: {' or '.join(KINDS)}"
        )
    return found


def answered_in(headers: Mapping[str, str]) -> str:
    """The kind of an answer: the first of ours that Accept names, else the request's, else JSON."""
    named = map(_media, [*headers.get("accept", "").split(","), headers.get("content-type", "")])
    return next((kind for kind in named if kind in KINDS), JSON)


def decode(body: bytes, kind: type[Kind], headers: Mapping[str, str]) -> Kind:
    """The request in a body.

    Raises:
        AnswerError: bad-request: it is no such request; the path is the field's.
    """
    try:
        if kind_of(headers) == JSON:
            return msgspec.json.decode(body, type=kind)
        return msgspec.convert(unpack(body), kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except (msgspec.DecodeError, PayloadError, RecursionError, UnicodeDecodeError) as error:
        raise AnswerError("bad-request", "", f"the body cannot be read: {error}") from error


def encode(answer: Struct, kind: str) -> bytes:
    """The bytes of an answer; equal answers give equal bytes.

    Raises:
        AnswerError: bad-request: it has numbers that JSON has not.
    """
    if kind == JSON:
        return msgspec.json.encode(answer, enc_hook=_nested)
    return pack(msgspec.to_builtins(answer, builtin_types=(np.ndarray, bytes), enc_hook=_kept))


def _media(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _kept(value: Any) -> Any:
    return value


def _nested(value: Any) -> Any:
    """An array as nested lists; floats as the shortest text that gives the same bits back."""
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise AnswerError(
            "bad-request",
            "",
            f"the answer has NaN or an infinity, which JSON has not; ask with `Accept: {MSGPACK}`",
        )
    return value.tolist()


def _misfit(text: str) -> AnswerError:
    """msgspec's sentence, with the field's path first, as everywhere."""
    found = _AT.fullmatch(text)
    what, path = (found[1], found[2]) if found else (text, "")
    return AnswerError("bad-request", path, f"{path or 'the request'}: {what}")
