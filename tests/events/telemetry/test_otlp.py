"""Spans in OTLP's JSON, read back by OpenTelemetry's own messages."""

import base64
from typing import Any

from google.protobuf.json_format import ParseDict
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.otlp import document
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.views.run import Watched
from faastraingym.schemas.messages import InvocationCompleted, RunFailed, RunRequested, Span
from tests.events.facts import RAW, RUN

TRACE, OWN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
ONE = InvocationCompleted(
    run=RUN,
    function="rollout",
    call_id="a call",
    replica="rollout-1",
    started_at=1000.5,
    seconds=0.25,
    memory_mb=512,
    cold_start=True,
    status=200,
    heard="collect-rollout",
    version=0,
    index=1,
    spans=[Span("store", 0.01, 0.02), Span("environment", 0.05, 0.1)],
    traceparent=f"00-{TRACE}-{OWN}-01",
    parent=PARENT,
)


def read(request: dict[str, Any]) -> ExportTraceServiceRequest:
    """As a collector reads it: ids are hexadecimal there, and base64 in protobuf's own JSON."""
    for resource in request["resourceSpans"]:
        for span in resource["scopeSpans"][0]["spans"]:
            for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(request, ExportTraceServiceRequest())


def attributes(pairs: Any) -> dict[str, Any]:
    return {p.key: getattr(p.value, p.value.WhichOneof("value")) for p in pairs}


def test_an_invocation_is_a_span_and_its_stretches_are_below_it() -> None:
    """Times in nanoseconds, the parent's id, what it was about."""
    (resource,) = read(document([ONE], [])).resource_spans
    assert attributes(resource.resource.attributes) == {
        "service.namespace": "faastraingym",
        "service.name": "rollout",
        "service.instance.id": "rollout-1",
    }
    own, store, environment = resource.scope_spans[0].spans
    assert (own.trace_id.hex(), own.span_id.hex(), own.parent_span_id.hex()) == (TRACE, OWN, PARENT)
    assert (own.name, own.kind) == ("rollout collect-rollout", OtlpSpan.SPAN_KIND_SERVER)
    assert (own.start_time_unix_nano, own.end_time_unix_nano) == (
        1000_500_000_000,
        1000_750_000_000,
    )
    assert own.status.code == Status.STATUS_CODE_OK
    told = attributes(own.attributes)
    assert (told["faastrain.version"], told["faastrain.index"]) == (0, 1)
    assert (told["faas.coldstart"], told["faas.invocation_id"]) == (True, "a call")
    for child, name in ((store, "store"), (environment, "environment")):
        assert (child.name, child.parent_span_id, child.trace_id) == (
            name,
            own.span_id,
            own.trace_id,
        )
    assert len({own.span_id, store.span_id, environment.span_id}) == 3


def test_failures_are_errors_and_what_has_no_span_is_left_out() -> None:
    """A replica is told once, whatever it did."""
    failed = replace(ONE, status=500, traceparent=f"00-{TRACE}-{PARENT}-01")
    refused = replace(ONE, status=400, traceparent="", function="evaluate")
    (resource,) = read(document([failed, refused, ONE], [])).resource_spans
    codes = [s.status.code for s in resource.scope_spans[0].spans if s.kind == 2]
    assert codes == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_OK]


def test_a_run_is_the_root_of_its_trace() -> None:
    """From its request to its end."""
    request, failure = RunRequested(run=RUN, spec=RAW), RunFailed(run=RUN, reason="no")
    view = Watched(run=RUN).add([Recorded(1, 10.0, request), Recorded(2, 30.0, failure)]).view
    (resource,) = read(document([], [view])).resource_spans
    (span,) = resource.scope_spans[0].spans
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id) == (*of_run(RUN), b"")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (10 * 10**9, 30 * 10**9)
    assert (span.name, span.status.code) == (f"run {RUN}", Status.STATUS_CODE_ERROR)


def test_nothing_is_an_empty_request() -> None:
    """Which nobody need send."""
    assert document([], []) == {"resourceSpans": []}
