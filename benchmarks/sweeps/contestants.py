"""Who trains the sweep: a command that begins it and one that lets it go on after a kill."""

import math
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import psutil
import uvloop

from benchmarks import machine, stacks
from benchmarks.peers import interpreter
from benchmarks.peers.problem import Problem
from benchmarks.peers.sweep import Sweep
from faastraingym import Client
from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import space
from faastraingym.embedded import stack
from faastraingym.embedded.state import StackFiles
from faastraingym.schemas.experiment import ExperimentSpec
from faastraingym.schemas.messages import CollectRollout, tag
from faastraingym.schemas.specification import RunSpec

NAME = "sweep"


class Standing(NamedTuple):
    """How far it is."""

    ended: int  # runs
    going: int  # runs that have begun and not ended


class Contestant(Protocol):
    """One who trains the sweep, in an empty folder."""

    @property
    def name(self) -> str:
        """As tables have it."""

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""

    def prepare(self) -> None:
        """What stands before the clock starts."""

    def begin(self) -> "subprocess.Popen[bytes]":
        """Begin, or go on; the process ends with the sweep."""

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """SIGKILL to the processes that lead the sweep."""

    def standing(self) -> Standing:
        """As of now."""

    def env_steps(self) -> int:
        """Environment steps that were taken so far, those that were repeated included."""

    def close(self) -> None:
        """Leave nothing behind."""


class Ours:
    """`faastrain train` on a stack that is up; all of its processes are killed."""

    name, installed = "faastrain", True

    def __init__(self, file: Path, spec: ExperimentSpec, home: Path) -> None:
        self.file, self.spec, self.home = file, spec, home

    @property
    def _client(self) -> Client:
        return Client(home=self.home)

    @property
    def _known(self) -> bool:
        return NAME in [row.experiment_id for row in self._client.experiments()]

    def prepare(self) -> None:
        """The stack runs, and every function is at zero."""
        stack.up(self.home)

    def begin(self) -> "subprocess.Popen[bytes]":
        """`up`, as the stack may have been killed; then the command, or who waits for its end."""
        stack.up(self.home)
        words = ["follow", NAME] if self._known else ["train", str(self.file), "--run", NAME]
        command = [sys.executable, "-m", "faastraingym.cli.main", *words]
        return _started(command, {"FAASTRAIN_HOME": str(self.home)})

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """The supervisor, and all that it started: servers and replicas."""
        state = StackFiles(self.home).load()
        supervisor = psutil.Process(state.pid if state else 0)
        _kill([*supervisor.children(recursive=True), supervisor, psutil.Process(process.pid)])
        process.wait()

    def standing(self) -> Standing:
        """By the reports."""
        if not self._known:
            return Standing(0, 0)
        report = self._client.experiment(NAME).report()
        ended = sum(row.state == "completed" for row in report.rows) * len(self.spec.seeds)
        return Standing(ended, len(report.running))

    def env_steps(self) -> int:
        """Those of every invocation that collected, as it was metered.

        One that found its trajectory there counts, too; one that was killed at work does not.
        """
        runs = self._client.experiment(NAME).runs()
        return uvloop.run(self._collected({run.name: run.report().spec for run in runs}))

    async def _collected(self, specs: Mapping[str, Mapping[str, Any]]) -> int:
        steps = 0
        async with stacks.connected(stack.up(self.home)) as held:
            for name, raw in specs.items():
                usage = await held.services.facts.usage(name, "rollout")
                collected = sum(one.heard == tag(CollectRollout) for one in usage)
                spec = registry.parse(raw)
                steps += collected * spec.rollout.num_steps * spec.environment.num_envs
        return steps

    def close(self) -> None:
        """Stop the stack."""
        stack.down(self.home)


class Peer:
    """A library that trains Stable-Baselines3's runs; the driver's process group is killed."""

    def __init__(self, name: str, package: str, process: str, sweep: Sweep) -> None:
        self.name, self.package, self.process, self.sweep = name, package, process, sweep
        self.folder = Path(sweep.folder)

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return interpreter.installed(self.package)

    def prepare(self) -> None:
        """The file that says what is to be trained."""
        (self.folder / "sweep.json").write_bytes(msgspec.json.encode(self.sweep))
        (self.folder / "steps.txt").touch()

    def begin(self) -> "subprocess.Popen[bytes]":
        """The same command goes on where there is a storage."""
        module = f"benchmarks.peers.{self.process}"
        command = [str(interpreter.PYTHON), "-m", module, str(self.folder / "sweep.json")]
        return _started(command, {"PYTHONPATH": str(stacks.CHECKOUT), "CUDA_VISIBLE_DEVICES": ""})

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """The driver, and what it started."""
        driver = psutil.Process(process.pid)
        _kill([driver, *driver.children(recursive=True)])
        process.wait()

    def standing(self) -> Standing:
        """By the lines that the runs wrote, one for each batch."""
        steps = self._steps()
        ended = sum(taken >= self.sweep.problem.budget for taken in steps.values())
        return Standing(ended, len(steps) - ended)

    def env_steps(self) -> int:
        """By the same lines."""
        return sum(self._steps().values())

    def _steps(self) -> dict[str, int]:
        steps: dict[str, int] = {}
        for line in (self.folder / "steps.txt").read_text().splitlines():
            run, taken = line.split()
            steps[run] = steps.get(run, 0) + int(taken)
        return steps

    def close(self) -> None:
        """Nothing is left once it has ended."""


def sweep(spec: ExperimentSpec, folder: Path) -> Sweep:
    """The same runs for Stable-Baselines3: settings, seeds, budget and evaluations."""
    settings = [(one, seed) for one in space.grid(spec) for seed in spec.seeds]
    specs = [
        registry.parse(space.overridden(spec.run, one) | {"seed": seed}) for one, seed in settings
    ]
    base = specs[0]
    num_envs = base.environment.num_envs * base.rollout.needed
    return Sweep(
        problem=Problem(
            algorithm="PPO",
            environment=base.environment.id,
            target=math.inf,
            budget=base.stop.env_steps,
            evaluate_every=base.stop.env_steps // 5,
            episodes=base.evaluation.episodes,
            num_envs=num_envs,
            settings={},
        ),
        runs=[theirs(one, num_envs) for one in specs],
        at_once=machine.cores() or 1,
        folder=str(folder),
    )


def theirs(spec: RunSpec, num_envs: int) -> dict[str, Any]:
    """A run's settings by Stable-Baselines3's names, and its seed."""
    ours: Any = spec.algorithm
    annealed = ours.learning_rate_schedule == "linear"
    return {
        "seed": spec.seed,
        "learning_rate": f"lin_{ours.learning_rate}" if annealed else ours.learning_rate,
        "n_steps": spec.rollout.num_steps,
        "batch_size": spec.rollout.num_steps * num_envs // ours.num_minibatches,
        "n_epochs": ours.update_epochs,
        "gamma": ours.gamma,
        "gae_lambda": ours.gae_lambda,
        "clip_range": ours.clip_coef,
        "ent_coef": ours.ent_coef,
    }


def _started(command: list[str], variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=stacks.CHECKOUT,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(processes: list[psutil.Process]) -> None:
    """All at once, as far as they are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=30)
