"""The gateway's metrics, under OpenFaaS's names."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from embedded.contract.messages import FunctionStatus
from embedded.contract.names import qualified


class Metrics:
    """Counts invocations; function_name is `name.namespace`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ["function_name", "code"]
        self._seconds = Histogram(
            "gateway_functions_seconds",
            "Function time taken, waiting for a replica included.",
            labels,
            registry=self._registry,
        )
        self._total = Counter(
            "gateway_function_invocation",
            "Invocations that ended.",
            labels,
            registry=self._registry,
        )
        # A counter by nature, but the client would end its name with _total, and OpenFaaS does not.
        self._started = Gauge(
            "gateway_function_invocation_started",
            "Invocations that began.",
            labels[:1],
            registry=self._registry,
        )
        self._replicas = Gauge(
            "gateway_service_count", "Replicas.", labels[:1], registry=self._registry
        )
        self._counts: dict[str, int] = {}

    def started(self, function: str) -> None:
        """An invocation began."""
        self._started.labels(qualified(function)).inc()

    def finished(self, function: str, status: int, seconds: float) -> None:
        """An invocation ended."""
        self._total.labels(qualified(function), str(status)).inc()
        self._seconds.labels(qualified(function), str(status)).observe(seconds)
        self._counts[function] = self._counts.get(function, 0) + 1

    def unknown(self, function: str) -> None:
        """There is no such function: forget it, or anybody could fill the metrics with names."""
        self._started.remove(qualified(function))

    def count(self, function: str) -> int:
        """Invocations that ended."""
        return self._counts.get(function, 0)

    def render(self, functions: list[FunctionStatus]) -> bytes:
        """Prometheus's text format."""
        self._replicas.clear()
        for status in functions:
            self._replicas.labels(qualified(status.name)).set(status.replicas or 0)
        return generate_latest(self._registry)
