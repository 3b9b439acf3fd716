"""`python -m tests.chaos`: break a stack in every way that a seed says; the runs must not notice.

Every algorithm that is named is trained apart, with each seed; on each stack a run is resumed, too.
`halving` is an experiment, whose runs pause and go on; `reward` asks a function for its rewards;
`evaluation` plays a policy, and learns nothing.

Exit code 0: every promise was kept. 1: one was broken; what, and how to repeat it, is printed.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts

from faastraingym.algorithms.experiments.specification import is_experiment
from tests.chaos import results
from tests.chaos.plan import BEREAVING, FUNCTION, INTERRUPT, KINDS, LOSSES, VICTIMS, plan
from tests.chaos.results import Outcome
from tests.chaos.specs import SPECS, deployed, usual_kinds, with_lag
from tests.chaos.survival import survive
from tests.stack.specs import calm


def main(argv: Sequence[str] | None = None) -> int:
    """Every seed on a stack of its own."""
    arguments = parser().parse_args(argv)
    wrong = [name for name in arguments.algorithm if not is_experiment(SPECS[name])]
    if wrong and INTERRUPT in (arguments.kinds or []):
        parser().error(f"--kinds {INTERRUPT} is for experiments alone; found {wrong[0]!r}")
    wrong = [name for name in arguments.algorithm if not deployed(SPECS[name])]
    if wrong and FUNCTION in (arguments.kinds or []):
        parser().error(f"--kinds {FUNCTION} is for reward alone; found {wrong[0]!r}")
    if "evaluation" in arguments.algorithm and {*BEREAVING} & {*(arguments.kinds or [])}:
        parser().error(f"--algorithm evaluation: {BEREAVING} take away the policy that it plays")
    # That servers go away is the point.
    logging.getLogger("faastraingym.adapters").setLevel(logging.ERROR)
    try:
        outcomes = asyncio.run(every_seed(arguments))
    except asyncio.CancelledError:
        return 143  # told to stop
    results.show(outcomes)
    broken = [outcome for outcome in outcomes if not outcome.is_good]
    for outcome in broken:
        print(f"repeat with: {command(outcome, arguments)}")
    return 1 if broken else 0


async def every_seed(arguments: argparse.Namespace) -> list[Outcome]:
    """One after another, of each algorithm; the home of one that broke is kept."""
    whole = asyncio.current_task()
    assert whole is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)  # stops the stack
    outcomes: list[Outcome] = []
    compiled = Path(tempfile.mkdtemp(prefix="ftg-chaos-jax-"))
    for algorithm in arguments.algorithm:
        spec = with_lag(SPECS[algorithm], arguments.lag)
        undisturbed = await calm(spec)
        chosen = arguments.kinds or usual_kinds(spec)
        for seed in arguments.seeds:
            faults = plan(seed, arguments.faults, chosen)
            home = Path(tempfile.mkdtemp(prefix=f"ftg-chaos-{algorithm}-{seed}-"))
            outcome = await survive(
                home, compiled, algorithm, seed, faults, arguments.runs, spec, undisturbed
            )
            outcomes.append(outcome)
            print(results.sentence(outcome), file=sys.stderr, flush=True)
            if arguments.json:
                results.save(outcomes, arguments.json)
            if outcome.is_good:
                shutil.rmtree(home)
            else:
                print(f"logs: {home}/logs", file=sys.stderr)
    shutil.rmtree(compiled)
    return outcomes


def command(outcome: Outcome, arguments: argparse.Namespace) -> str:
    """What repeats one seed of one algorithm."""
    chosen = arguments.kinds or usual_kinds(SPECS[outcome.algorithm])
    lag = "" if arguments.lag is None else f" --lag {arguments.lag}"
    return (
        f"python -m tests.chaos --seeds {outcome.seed} --faults {arguments.faults}"
        f" --kinds {','.join(chosen)} --runs {arguments.runs}{lag}"
        f" --algorithm {outcome.algorithm}"
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    made.add_argument(
        "--seeds", "--seed", type=numbers, default=[1, 2, 3], metavar="N,..", help="1,2,3"
    )
    made.add_argument("--faults", type=int, default=50, metavar="M", help="per seed (50)")
    made.add_argument(
        "--kinds",
        type=kinds,
        metavar="KIND,..",
        help=f"{', '.join(KINDS)} (all of these); of experiments also {INTERRUPT}, "
        f"of reward {FUNCTION}; "
        f"{', '.join(LOSSES)}",
    )
    made.add_argument(
        "--runs", type=int, default=2, metavar="R", help="or experiments, at once (2)"
    )
    made.add_argument(
        "--lag", type=int, choices=range(17), help="rollout.max_policy_lag (each algorithm's own)"
    )
    made.add_argument(
        "--algorithm",
        type=algorithms,
        default=["ppo"],
        metavar="NAME,..",
        help=f"of the runs: {', '.join(SPECS)}, or all (ppo)",
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    return made


def numbers(text: str) -> list[int]:
    """Whole numbers, separated by commas."""
    return [int(part) for part in text.split(",")]


def algorithms(text: str) -> list[str]:
    """Names of algorithms, separated by commas; `all` names every one."""
    found = list(SPECS) if text == "all" else text.split(",")
    for name in found:
        if name not in SPECS:
            raise argparse.ArgumentTypeError(f"{name!r}; known: all, {', '.join(SPECS)}")
    return found


def kinds(text: str) -> list[str]:
    """Kinds of faults, separated by commas."""
    found = text.split(",")
    for kind in found:
        if kind not in VICTIMS:
            raise argparse.ArgumentTypeError(f"{kind!r}; known: {', '.join(VICTIMS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
