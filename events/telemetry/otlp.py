"""Invocations as OpenTelemetry's spans, in OTLP's JSON (https://opentelemetry.io/docs/specs/otlp/).

Everything is in the metering already: nothing is measured twice, and no function knows of it. Pure.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from faastraingym.events.telemetry.tracing import of_run, parse
from faastraingym.events.views.run import RunView
from faastraingym.schemas.messages import InvocationCompleted

INTERNAL, SERVER = 1, 2  # SpanKind
OK, ERROR = 1, 2  # StatusCode
SCOPE = {"name": "faastraingym"}


def document(spent: Iterable[InvocationCompleted], ended: Iterable[RunView]) -> dict[str, Any]:
    """An ExportTraceServiceRequest: each invocation with its stretches below it, each run's end.

    A function is a service, a replica an instance of it. What has no span is left out.
    """
    told = sorted((one for one in spent if one.traceparent), key=_origin)
    resources = [
        _resource(function, replica, [span for one in several for span in _spans(one)])
        for (function, replica), several in groupby(told, key=_origin)
    ]
    runs = [_run(view) for view in ended]
    return {"resourceSpans": [*resources, *([_resource("run", "", runs)] if runs else [])]}


def _origin(one: InvocationCompleted) -> tuple[str, str]:
    return one.function, one.replica


def _resource(service: str, instance: str, spans: Sequence[dict[str, Any]]) -> dict[str, Any]:
    named = {"service.namespace": "faastraingym", "service.name": service}
    attributes = named | ({"service.instance.id": instance} if instance else {})
    scope = {"scope": SCOPE, "spans": list(spans)}
    return {"resource": {"attributes": _attributes(attributes)}, "scopeSpans": [scope]}


def _spans(one: InvocationCompleted) -> Iterable[dict[str, Any]]:
    own = parse(one.traceparent)
    if own is None:
        return
    begin, end = one.started_at, one.started_at + one.seconds
    about = {
        "faastrain.run": one.run,
        "faastrain.version": one.version,
        "faastrain.index": one.index,
        "faas.invocation_id": one.call_id,
        "faas.coldstart": one.cold_start,
        "faastrain.retried": one.retried,
        "http.response.status_code": one.status,
    }
    name = f"{one.function} {one.heard}".rstrip()
    yield _span(own.trace, own.span, one.parent, name, begin, end) | {
        "kind": SERVER,
        "attributes": _attributes(about),
        "status": {"code": OK if one.status == 200 else ERROR},
    }
    for number, stretch in enumerate(one.spans):
        child = hashlib.sha256(f"{own.span}/{number}".encode()).hexdigest()[:16]
        since = begin + stretch.begin
        yield _span(own.trace, child, own.span, stretch.kind, since, since + stretch.seconds)


def _run(view: RunView) -> dict[str, Any]:
    """The span that a run is itself, from its request to its end."""
    own = of_run(view.run)
    about = {"faastrain.run": view.run, "faastrain.environment": view.environment}
    span = _span(own.trace, own.span, "", f"run {view.run}", view.requested_at, view.ended_at)
    return span | {
        "attributes": _attributes(about | {"faastrain.versions": view.version}),
        "status": {"code": ERROR if view.status == "failed" else OK},
    }


def _span(
    trace: str, span: str, parent: str, name: str, begin: float, end: float
) -> dict[str, Any]:
    return {
        "traceId": trace,
        "spanId": span,
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": INTERNAL,
        "startTimeUnixNano": str(int(begin * 1e9)),
        "endTimeUnixNano": str(int(end * 1e9)),
    }


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": k, "value": _value(v)} for k, v in values.items() if v is not None]


def _value(value: bool | int | str) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
    return {"stringValue": value}
