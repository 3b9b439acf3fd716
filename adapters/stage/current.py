"""The invocation that this task serves: fields for log lines and a span, computed on demand."""

from contextvars import ContextVar
from random import getrandbits
from typing import Any

from faastraingym.events.telemetry.identity import identity
from faastraingym.events.telemetry.tracing import Context, of_run, parse
from faastraingym.schemas.messages import Message


class Current:
    """One invocation; `message` is None until it is authenticated."""

    __slots__ = ("_header", "_parent", "_span", "call_id", "message", "policy")

    def __init__(self, call_id: str, traceparent: str) -> None:
        self.call_id = call_id
        self.message: Message | None = None
        self.policy = ""  # that answers a caller
        self._header = traceparent
        self._span: Context | None = None
        self._parent = ""

    @property
    def span(self) -> Context | None:
        """Its own, new at each attempt; None until its message is authenticated."""
        if self._span is None and self.message is not None:
            cause = parse(self._header) or of_run(self.message.run)
            self._span = Context(cause.trace, f"{getrandbits(64) or 1:016x}")
            self._parent = cause.span
        return self._span

    @property
    def parent(self) -> str:
        """The id of the span that caused it; empty without one of its own."""
        return self._parent if self.span else ""

    def fields(self) -> dict[str, Any]:
        """For log lines."""
        known = {"call_id": self.call_id, **identity(self.message)}
        return known | (
            {"trace_id": self.span.trace, "span_id": self.span.span} if self.span else {}
        )


_current: ContextVar[Current | None] = ContextVar("current", default=None)
_caller: ContextVar[Context | None] = ContextVar("caller", default=None)


def begin(call_id: str, traceparent: str) -> Current:
    """Set the invocation that this task, its tasks and its threads serve from now on."""
    current = Current(call_id, traceparent)
    _current.set(current)
    return current


def acts(policy: str) -> None:
    """Say which policy answers the caller whom this task serves."""
    current = _current.get()
    if current is not None:
        current.policy = policy


def leave() -> None:
    """End that: the task serves nothing from now on."""
    _current.set(None)


def carry(caller: Context) -> None:
    """Put what this task publishes, while it serves no invocation, under the caller's span."""
    _caller.set(caller)


def fields() -> dict[str, Any]:
    """The fields of the served invocation for log lines."""
    current = _current.get()
    return current.fields() if current else {}


def carried(run: str) -> str:
    """The `traceparent` of messages that are published or sent for a run."""
    current = _current.get()
    return str((current and current.span) or _caller.get() or of_run(run))
