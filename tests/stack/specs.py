"""What the whole-stack tests train, and what it comes to when nothing goes wrong."""

import asyncio
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from faastraingym.adapters.packages.library import Packages
from faastraingym.adapters.processes.checking import Checked
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.events.experiments.names import is_run_of
from faastraingym.functions.start_run.handler import CHECKER
from faastraingym.schemas import messages as m
from tests.reward_servers import example, serving
from tests.stack import brought
from tests.stack.environments import HELD
from tests.stack.support import Gate
from tests.test_loop import Platform

SHORT: dict[str, Any] = {
    "seed": 7,
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 2, "num_steps": 16, "deadline_seconds": 2.0},
    "algorithm": {"name": "ppo", "update_epochs": 2, "num_minibatches": 2, "hidden_sizes": [8]},
    "evaluation": {"every": 3, "episodes": 2},
    "stop": {"env_steps": 400},  # an iteration is 2 rollouts x 16 steps x 2 environments
}
# Its rollouts run beside the update.
LAGGING: dict[str, Any] = {**SHORT, "rollout": {**SHORT["rollout"], "max_policy_lag": 1}}
# Some 100 iterations: long enough to kill one process after another.
LONG: dict[str, Any] = {
    **SHORT,
    "evaluation": {"every": 50, "episodes": 2},
    "stop": {"env_steps": 6_000},
}


def held(gate: Gate, spec: dict[str, Any] = SHORT) -> dict[str, Any]:
    """`spec`, whose rollouts stand still as long as the gate is closed."""
    environment = {"id": HELD, "num_envs": 2, "kwargs": {"gate": str(gate.path)}}
    return {**spec, "environment": environment}


DEMO = "demo"
CHOSEN = (m.TrialRequested, m.TrialDecided, m.ExperimentCompleted)  # what experiments decide


class Calm(NamedTuple):
    """What a run, or an experiment, comes to when nothing goes wrong; its name is `DEMO`."""

    subjects: frozenset[str]  # of its facts, and of an experiment's runs
    reports: dict[str, dict[str, Any]]  # by run: its own, or those of an experiment's runs
    chosen: dict[str, dict[str, Any]]  # the facts by which an experiment decided, by subject

    @property
    def sha256(self) -> str:
        """Its policy's; of an experiment that of the winner's first run."""
        trials = (fact["best"]["trial"] for fact in self.chosen.values() if fact.get("best"))
        runs = [run for n in trials for run in self.reports if run.startswith(f"{DEMO}-{n}-")]
        return str(self.reports[min(runs, default=DEMO)]["policy"]["sha256"])


def request(name: str, spec: dict[str, Any]) -> m.RunRequested | m.ExperimentRequested:
    """What asks for a run, or for an experiment."""
    kind = m.ExperimentRequested if is_experiment(spec) else m.RunRequested
    return kind(run=name, spec=spec)


def is_of(run: str, name: str) -> bool:
    """Whether it is that run, or a run of that experiment."""
    return run == name or is_run_of(run, name)


async def calm(spec: dict[str, Any]) -> Calm:
    """What `spec` comes to: calculated once in a session of tests, whichever process asks first."""
    folder = os.environ.get("FTG_TEST_REFERENCES")  # tests/conftest.py makes and removes it
    if folder is None:
        return await _calculated(spec)
    name = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    file = Path(folder) / f"{name}.json"
    async with _locked(file.with_suffix(".lock")):
        if not file.exists():
            found = await _calculated(spec)
            unfinished = file.with_suffix(".new")
            unfinished.write_text(json.dumps([sorted(found.subjects), *found[1:]]))
            unfinished.rename(file)
    subjects, reports, chosen = json.loads(file.read_text())
    return Calm(frozenset(subjects), reports, chosen)


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """No other process is here meanwhile."""
    with path.open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


async def _calculated(spec: dict[str, Any]) -> Calm:
    """The same functions, called one after another in this process."""

    async def check(raw: object, _packages: Packages) -> Checked:
        return Checked(spaces.validate(raw))  # here, where these tests' environments are registered

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CHECKER, "check", check)
        platform = Platform()
        platform.objects.data |= brought.objects(spec)
        with tempfile.TemporaryDirectory(prefix="ftg-calm-") as secrets:
            async with serving(platform.objects, example().handle, Path(secrets)):
                await platform.publish(request(DEMO, spec))
                await platform.run()
    said = {subject: record.fact for subject, record in platform.facts.log}
    written = [fact for fact in said.values() if isinstance(fact, m.ReportWritten)]
    reports = {fact.run: json.loads(platform.objects.data[fact.report.key]) for fact in written}
    return Calm(frozenset(said), reports, chosen(said))


def chosen(said: Mapping[str, m.Message]) -> dict[str, dict[str, Any]]:
    """Of the facts under these subjects those by which an experiment decides, as JSON has them."""
    return {s: msgspec.to_builtins(fact) for s, fact in said.items() if isinstance(fact, CHOSEN)}


async def undisturbed(spec: dict[str, Any]) -> str:
    """The policy's SHA-256 when nothing goes wrong."""
    return (await calm(spec)).sha256
