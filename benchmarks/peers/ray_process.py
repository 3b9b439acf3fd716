"""Ray's empty tasks: `python -m benchmarks.peers.ray_process COUNTS`, JSON by number in flight."""

# mypy: disable-error-code="import-not-found, misc"
import json
import sys
import time

import ray

from benchmarks.peers import ray_local


@ray.remote
def empty() -> None:
    """Nothing."""


def rate(tasks: int, in_flight: int) -> float:
    """Tasks/s, their results fetched, with windows of `in_flight` tasks."""
    begun = time.perf_counter()
    for _ in range(tasks // in_flight):
        ray.get([empty.remote() for _ in range(in_flight)])
    return tasks // in_flight * in_flight / (time.perf_counter() - begun)


if __name__ == "__main__":
    ray_local.start()
    rate(1024, 64)  # its workers start
    counts = json.loads(sys.argv[1])
    print(json.dumps([rate(tasks, int(in_flight)) for in_flight, tasks in counts.items()]))
