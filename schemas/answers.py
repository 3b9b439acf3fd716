"""What functions that answer callers say when they do not: one form for all of them.

{"error": {"kind": "bad-request", "path": "actions", "text": "actions: found ...; allowed: ..."}}
"""

from typing import Literal, get_args

from msgspec import Struct

Kind = Literal[
    "bad-request",
    "unauthenticated",
    "forbidden",
    "not-found",
    "expired",
    "too-large",
    "environment-failed",
    "too-many",
    "defect",
    "unavailable",
]
STATUS: dict[Kind, int] = {
    "bad-request": 400,
    "unauthenticated": 401,  # no token of a caller
    "forbidden": 403,  # what another caller has, or nobody was given
    "not-found": 404,
    "expired": 410,
    "too-large": 413,
    "environment-failed": 422,  # its own code raised; the same again gives the same
    "too-many": 429,  # requests; `Retry-After` says when
    "defect": 500,
    "unavailable": 503,  # the store or the broker is away: send it again
}
assert tuple(STATUS) == get_args(Kind)  # noqa: S101  one list, for types and for statuses


class Complaint(Struct, frozen=True, kw_only=True):
    """What was wrong with a request."""

    kind: Kind
    path: str = ""  # of the request's field; empty: of none
    text: str  # one sentence


class Failure(Struct, frozen=True, kw_only=True):
    """The answer to a request that was not carried out."""

    error: Complaint


class AnswerError(Exception):
    """A request that is not carried out: what its caller is told."""

    def __init__(self, kind: Kind, path: str, text: str) -> None:
        super().__init__(text)
        self.complaint = Complaint(kind=kind, path=path, text=text)


def bad_request(path: str, text: str) -> AnswerError:
    """A field that is refused; the text says what was found, and what is allowed."""
    return AnswerError("bad-request", path, f"{path}: {text}")
