"""The trace context of what this task does: kept while an invocation is served, and handed on."""

import os
from contextvars import ContextVar
from typing import NamedTuple

from events import tracing
from events.tracing import Context


class Here(NamedTuple):
    """The span that is under way, and the id of the one that caused it."""

    span: Context
    parent: str


_here: ContextVar[Here | None] = ContextVar("trace", default=None)


def enter(parent: Context) -> Here:
    """Begin a span below `parent`: of this task, its tasks and its threads from now on."""
    here = Here(Context(parent.trace, os.urandom(8).hex()), parent.span)
    _here.set(here)
    return here


def carry(span: Context) -> None:
    """What this task does from now on belongs to a span that somebody else began."""
    _here.set(Here(span, ""))


def leave() -> None:
    """What this task does from now on belongs to no span."""
    _here.set(None)


def here() -> Here | None:
    """Where this task is."""
    return _here.get()


def carried(run: str) -> str:
    """The `traceparent` of what is said or sent for a run."""
    now = _here.get()
    return str(now.span if now else tracing.of_run(run))
