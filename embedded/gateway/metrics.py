"""The gateway's metrics, under OpenFaaS's names."""

from collections import Counter as Counts

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from faastraingym.embedded.contract.budget import REASONS, Budget
from faastraingym.embedded.contract.messages import FunctionStatus
from faastraingym.embedded.contract.names import qualified

# Those of OpenFaaS's own gateway, which has Go's defaults: rules made for it hold here.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STARTED = "gateway_function_invocation_started"


class Metrics:
    """Counts invocations; function_name is `name.namespace`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # OpenFaaS has no such series
        named, answered = ["function_name"], ["function_name", "code"]
        into = self._registry = CollectorRegistry()
        text = "Function time taken, waiting for a replica included."
        self._seconds = Histogram(
            "gateway_functions_seconds", text, answered, buckets=BUCKETS, registry=into
        )
        text = "Invocations that ended."
        self._total = Counter("gateway_function_invocation", text, answered, registry=into)
        # A gauge, for a counter's name would end with _total; see `render`.
        self._started = Gauge(STARTED, "Invocations that began.", named, registry=into)
        self._replicas = Gauge("gateway_service_count", "Replicas.", named, registry=into)
        text = (
            "Requests and connections refused, by reason; of which function, where one was asked."
        )
        self._refused = Counter(
            "faastrain_gateway_refused", text, ["function_name", "reason"], registry=into
        )
        for reason in REASONS:
            self._refused.labels("", reason)  # at zero, so that the first one is an increase
        self._bodies = Gauge(
            "faastrain_gateway_body_bytes", "Bytes of bodies held.", ["place"], registry=into
        )
        text = "Connections that are open."
        self._connections = Gauge("faastrain_gateway_connections", text, registry=into)
        self._counts: Counts[str] = Counts()

    def started(self, function: str) -> None:
        """An invocation began."""
        self._started.labels(qualified(function)).inc()

    def finished(self, function: str, status: int, seconds: float) -> None:
        """An invocation ended."""
        self._total.labels(qualified(function), str(status)).inc()
        self._seconds.labels(qualified(function), str(status)).observe(seconds)
        self._counts[function] += 1

    def unknown(self, function: str) -> None:
        """There is no such function: forget it, or any client could fill the metrics with names."""
        self._started.remove(qualified(function))

    def refused(self, reason: str, function: str = "") -> None:
        """A request was refused: a deployed function was not asked later, or there was no room."""
        self._refused.labels(qualified(function) if function else "", reason).inc()

    def count(self, function: str) -> int:
        """Invocations that ended."""
        return self._counts[function]

    def render(self, functions: list[FunctionStatus], budget: Budget) -> bytes:
        """Prometheus's text format."""
        self._bodies.labels("memory").set(budget.memory)
        self._bodies.labels("disk").set(budget.spooled)
        self._connections.set(len(budget.open))
        self._replicas.clear()
        for status in functions:
            self._replicas.labels(qualified(status.name)).set(status.replicas or 0)
        text = generate_latest(self._registry)
        return text.replace(
            f"# TYPE {STARTED} gauge".encode(), f"# TYPE {STARTED} counter".encode()
        )
