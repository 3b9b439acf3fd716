"""Ray Serve: `python -m benchmarks.peers.serve_process environments`, or `policy FILE`.

Prints its port once it serves. Environments have one replica, which alone holds them; a policy has
two, as `act` may have.
"""

# mypy: disable-error-code="import-not-found, misc"
import signal
import socket
import sys
from pathlib import Path

from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers import ray_local
from benchmarks.peers.dense_policy import DensePolicy
from benchmarks.peers.in_memory import Held

AT_ONCE = 64
REPLICAS = {"environments": 1, "policy": 2}


@serve.deployment(max_ongoing_requests=AT_ONCE)
class Answers:
    """Answers with what it holds."""

    def __init__(self, *arguments: str) -> None:
        self._held = DensePolicy(Path(*arguments)) if arguments else Held()

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
    kind, *given = sys.argv[1:]
    ray_local.start()
    port = free_port()
    serve.start(
        http_options={"host": "127.0.0.1", "port": port},
        logging_config={"enable_access_log": False},
    )
    serve.run(Answers.options(num_replicas=REPLICAS[kind]).bind(*given))
    print(port, flush=True)
    signal.pause()
