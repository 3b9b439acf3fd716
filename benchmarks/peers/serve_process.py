"""Environments behind Ray Serve: `python -m benchmarks.peers.serve_process`.

Prints its port once it serves. One replica, for it alone has the environments.
"""

# mypy: disable-error-code="import-not-found, misc"
import signal
import socket

from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers import ray_local
from benchmarks.peers.in_memory import Held

AT_ONCE = 64


@serve.deployment(num_replicas=1, max_ongoing_requests=AT_ONCE)
class Environments:
    """Steps what it holds."""

    def __init__(self) -> None:
        self._held = Held()

    async def __call__(self, request: Request) -> Response:
        """One request."""
        return Response(self._held.answer(await request.body()))


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    ray_local.start()
    port = free_port()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(Environments.bind(), logging_config={"enable_access_log": False})
    print(port, flush=True)
    signal.pause()
