"""`python -m benchmarks [NAME ...]`: measure, print one table, write one JSON file."""

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, report
from benchmarks.options import chooser, positive
from benchmarks.report import Row


class Benchmark(NamedTuple):
    """One module with `measure(repeat) -> list[Row]`.

    One whose seeds a person chooses has `measure(repeat, first_seed)`.
    """

    module: str
    summary: str
    repeat: int = 5
    first_seed: int | None = None


BENCHMARKS = {
    "hops": Benchmark("benchmarks.hops", "fact or command -> handler entered, and its parts"),
    "throughput": Benchmark("benchmarks.throughput", "empty invocations, beside Ray's tasks"),
    "pipeline": Benchmark("benchmarks.pipeline", "pipeline against a plain loop"),
    "lag": Benchmark("benchmarks.lag", "rollouts beside the update, against after it"),
    "iteration": Benchmark("benchmarks.iteration", "where an iteration's time goes"),
    "cold-starts": Benchmark("benchmarks.cold_starts", "from zero replicas to the first answer"),
    "learning": Benchmark("benchmarks.learning", "large batches, beside the peers"),
    "updates": Benchmark("benchmarks.updates", "one update of a large batch, on CPU and GPU", 3),
    "cost": Benchmark("benchmarks.cost", "what a run is billed, against a server kept for it"),
    "scaling": Benchmark("benchmarks.scaling", "replicas, fan-out, size, length of a run"),
    "env-step": Benchmark(
        "benchmarks.env_step", "environments over HTTP, beside aiohttp and Ray Serve", 2
    ),
    "act": Benchmark("benchmarks.act", "a policy over HTTP, beside Ray Serve", 2),
    "listing": Benchmark("benchmarks.listing", "runs, experiments and compare, of 200 runs"),
    "solving": Benchmark("benchmarks.solving", "CartPole-v1 to 475, beside the peers"),
    "targets": Benchmark(
        "benchmarks.targets.measuring",
        "time and steps to targets, beside the peers; resumes",
        repeat=10,
        first_seed=11,
    ),
    "sweeps": Benchmark(
        "benchmarks.sweeps.measuring",
        "a grid of 36 runs, beside Ray Tune and Optuna; killed half way; resumes",
        1,
    ),
    "lunar-lander": Benchmark(
        "benchmarks.lunar_lander", "LunarLander-v3 to 200, beside Stable-Baselines3", 1
    ),
}
RESULTS = Path(__file__).parent / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all."""
    arguments = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that stacks are stopped
    described = machine.describe()
    file = arguments.json or RESULTS / time.strftime("%Y%m%d-%H%M%S.json")
    rows: list[Row] = []
    took: dict[str, float] = {}
    for name in arguments.names:
        chosen = BENCHMARKS[name]
        began = time.perf_counter()
        measure = importlib.import_module(chosen.module).measure
        first = arguments.first_seed or chosen.first_seed
        seeded = () if first is None else (first,)
        rows += measure(arguments.repeat or chosen.repeat, *seeded)
        took[name] = round(time.perf_counter() - began, 1)
        report.save(rows, described, took, file)  # what comes next may take long, and may fail
        print(f"{name}: {took[name]:.0f} s", file=sys.stderr, flush=True)
    report.show(rows, described)
    print(file)
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; a seed for a benchmark without a choice of seeds is refused."""
    made = parser()
    arguments = made.parse_args(argv)
    arguments.names = arguments.names or [*BENCHMARKS]
    unseeded = [name for name in arguments.names if BENCHMARKS[name].first_seed is None]
    if arguments.first_seed is not None and unseeded:
        made.error(f"--first-seed: {', '.join(unseeded)} has no choice of seeds; name targets")
    return arguments


def parser() -> argparse.ArgumentParser:
    """The options."""
    known = {name: benchmark.summary for name, benchmark in BENCHMARKS.items()}
    made = chooser(
        "python -m benchmarks", "Measure the pipeline on this machine.", "benchmark", known
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="default: benchmarks/results/")
    made.add_argument(
        "--repeat",
        type=positive,
        metavar="N",
        help="repetitions (default: 5; targets 10; env-step, act 2; sweeps, lunar-lander 1)",
    )
    made.add_argument(
        "--first-seed",
        type=positive,
        metavar="N",
        help="of targets, N and those after it (default: 11); 21: seeds 21 to 30",
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
