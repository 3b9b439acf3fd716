"""W3C trace context (https://www.w3.org/TR/trace-context/): a run is one trace. Pure.

A message carries the context as `traceparent`: a NATS header of facts, an HTTP header of
invocations. Without one the run's own context is used, which every process can derive.
"""

import hashlib
import re
from typing import NamedTuple

HEADER = "traceparent"
_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class Context(NamedTuple):
    """A span of a trace: 32 and 16 hexadecimal digits."""

    trace: str
    span: str

    def __str__(self) -> str:
        """The header's value; sampled, as a later sampler can still drop it."""
        return f"00-{self.trace}-{self.span}-01"


def parse(text: str) -> Context | None:
    """The context in a `traceparent`; None if the text is none."""
    form = _FORM.fullmatch(text)
    if form is None or (form[1] == "00" and form[4]):
        return None
    found = Context(form[2], form[3])
    return found if found.trace.strip("0") and found.span.strip("0") else None


def of_run(run: str) -> Context:
    """A run's own trace, and the span that stands for the whole run."""
    digits = hashlib.sha256(f"faastraingym/{run}".encode()).hexdigest()
    return Context(digits[:32], digits[32:48])
