"""Many runs at once, each of which ends as if it had been alone."""

import asyncio

from benchmarks.report import Row
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.specification import RunSpec, to_dict
from tests.stack.specs import SHORT, undisturbed

from .runs import Bench, losses, none, seconds, train
from .sizes import Size

NAME = "at once"


async def measure(at: Bench, size: Size) -> list[Row]:
    """All complete, each with the SHA-256 of its undisturbed self."""
    specs = [_seeded(seed) for seed in range(size.runs)]
    runs = await asyncio.gather(
        *(train(at, f"at-once-{seed}", spec) for seed, spec in enumerate(specs))
    )
    alone = [await undisturbed(to_dict(spec)) for spec in specs]
    differ = sum(run.sha256 != sha256 for run, sha256 in zip(runs, alone, strict=True))
    return [
        Row(benchmark=NAME, what=f"{size.runs} runs", unit="s", samples=[*map(seconds, runs)]),
        *await losses(at, NAME, *runs),
        none(NAME, "SHA-256 other than undisturbed", differ),
        none(NAME, "two runs with one SHA-256", len(runs) - len({run.sha256 for run in runs})),
    ]


def _seeded(seed: int) -> RunSpec:
    return parse({**SHORT, "seed": seed, "rollout": {"count": 2, "num_steps": 16}})
