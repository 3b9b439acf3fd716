"""The compile cache of an image, made when it is built: `python -m function.prepare`.

A learner caches compiled programs in its container's /tmp, which begins empty and is all that it
may write to; so the image's cache lies beside the code and is copied there. XLA finds a program by
shapes, settings, version, flags and the processor's features: another kind compiles anew.
"""

import os
import sys
import tomllib
from pathlib import Path

import jax

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay import ring
from faastraingym.events.pipeline.planning import learning_plan, update_plan
from faastraingym.schemas.specification import RunSpec

from .compiling import BROUGHT


def learn(spec: RunSpec) -> None:
    """Version 0, its rollouts and an update by them: every program that a run has.

    It is planned as one at the end, where nothing waits for learning to start.
    """
    learner = registry.learner(spec)
    state = learner.initialise(spec)
    policy = learner.project(state)
    exploration = learning_plan(spec, 0).exploration
    slots = range(spec.rollout.needed)
    batch = [collect(spec, policy, slot, None, exploration=exploration) for slot in slots]
    window = ring.of_run(spec)
    if window:
        window.write(0, batch, None)
    plan = update_plan(spec, 0, spec.stop.annealing_steps, 1)
    learner.update(spec, state, batch, None, plan, window)


def main(folder: Path, files: list[Path]) -> None:
    """Fill `folder` with each specification's programs, if its environment is installed."""
    os.environ.setdefault("NPROC", "1")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    for file in files:
        spec = parse(tomllib.loads(file.read_text()))
        problems = spaces.check(spec)
        print(file, *problems or ["compiled"], sep=": ")
        if not problems:
            learn(spec)


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    main(BROUGHT, given or sorted((BROUGHT.parent / "examples").glob("*.toml")))
