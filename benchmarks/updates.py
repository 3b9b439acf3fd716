"""One PPO update by batch size, on the CPU with one thread and on a GPU when JAX sees one.

CartPole shapes, networks of 64 x 64, 4 epochs of 4 minibatches, compiled before; from trajectories
in memory to the next learner state in memory. Each device in a process of its own:
`python -m benchmarks.updates ENVIRONMENTS REPEAT` prints seconds as JSON.
"""

import os
import subprocess
import sys
import time
from importlib.util import find_spec

import msgspec

from benchmarks.report import Row
from faastraingym.algorithms.registry import parse

STEPS = 128
BATCHES = {"65,536 samples": 256, "1,048,576 samples": 4096}  # environments of each of 2 rollouts
PLATFORMS = {"CPU": "cpu", "GPU": "cuda"}
MISSING = "no GPU that JAX sees: pip install -e '.[cuda]' where there is one"


def measure(repeat: int) -> list[Row]:
    """Seconds of each update."""
    present = {"CPU": True, "GPU": has_gpu()}
    return [row(size, device, repeat, present[device]) for size in BATCHES for device in PLATFORMS]


def row(size: str, device: str, repeat: int, present: bool) -> Row:
    """One batch size on one device."""
    samples = _seconds(BATCHES[size], PLATFORMS[device], repeat) if present else []
    note = "" if present else MISSING
    return Row(benchmark="updates", what=f"{size}, {device}", unit="s", samples=samples, note=note)


def has_gpu() -> bool:
    """Whether JAX's CUDA plugin is installed and its driver's device is there."""
    installed = any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))
    return installed and os.path.exists("/dev/nvidiactl")


def _seconds(num_envs: int, platform: str, repeat: int) -> list[float]:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.updates", str(num_envs), str(repeat)],
        env={**os.environ, "NPROC": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": platform},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(process.stdout, type=list[float])


def updates(num_envs: int, repeat: int) -> list[float]:
    """Seconds of `repeat` updates after the one that compiles."""
    from faastraingym.algorithms.actors.collect import collect
    from faastraingym.algorithms.ppo import learner
    from faastraingym.events.pipeline import planning

    spec = parse(
        {
            "environment": {"id": "CartPole-v1", "num_envs": num_envs},
            "rollout": {"count": 2, "num_steps": STEPS},
            "algorithm": {"name": "ppo", "num_minibatches": 4, "update_epochs": 4},
            "stop": {"env_steps": 10**9},
        }
    )
    state = learner.initialise(spec)
    batch = [collect(spec, learner.project(state), index, None) for index in range(2)]
    schedule = planning.update_plan(spec, 0, 0, 1)
    found = []
    for _ in range(repeat + 1):
        begun = time.perf_counter()
        learner.update(spec, state, batch, None, schedule)
        found.append(time.perf_counter() - begun)
    return found[1:]


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(updates(*map(int, sys.argv[1:]))))
