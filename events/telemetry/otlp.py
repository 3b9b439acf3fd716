"""Invocations as OpenTelemetry's spans, in OTLP's JSON (https://opentelemetry.io/docs/specs/otlp/).

Pure: everything comes from metering, and no function knows of OpenTelemetry.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from faastraingym.events.telemetry.tracing import Context, of_run, parse
from faastraingym.events.views.run import RunView
from faastraingym.schemas.messages import InvocationCompleted

INTERNAL, SERVER = 1, 2  # SpanKind
OK, ERROR = 1, 2  # StatusCode


def document(spent: Iterable[InvocationCompleted], ended: Iterable[RunView]) -> dict[str, Any]:
    """An ExportTraceServiceRequest: each invocation with the spans below it, and each ended run.

    A function is a service, a replica an instance of it. Invocations without a span are left out.
    """
    spans: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in spent:
        if own := parse(one.traceparent):
            spans.setdefault((one.function, one.replica), []).extend(_spans(one, own))
    resources = [_resource(*origin, found) for origin, found in sorted(spans.items())]
    runs = [_run(view) for view in ended]
    return {"resourceSpans": [*resources, *([_resource("run", "", runs)] if runs else [])]}


def _resource(service: str, instance: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    about = {
        "service.namespace": "faastraingym",
        "service.name": service,
        "service.instance.id": instance or None,
    }
    scope = {"scope": {"name": "faastraingym"}, "spans": spans}
    return {"resource": {"attributes": _attributes(about)}, "scopeSpans": [scope]}


def _spans(one: InvocationCompleted, own: Context) -> Iterable[dict[str, Any]]:
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
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
