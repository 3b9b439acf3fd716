"""A whole experiment in process, over the pipeline of tests/test_loop.py: no server, no driver.

experiment.requested -> start-run -> experiment.started -> plan-experiment -> trial.requested
trial.requested -> plan-experiment -> run.requested, as for any run (tests/test_loop.py)
run.completed -> conclude-run -> report.written, trial.reported -> plan-experiment -> ...
no run goes on, and none is left -> experiment.completed
"""

import asyncio
import random
from typing import Any

import msgspec
import numpy as np
import pytest

from faastraingym.events.experiments.plan import request
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from faastraingym.schemas.experiment import ExperimentSpec
from faastraingym.schemas.payloads import LearnerState, load
from tests.test_loop import SPEC, Platform, TwiceAndBackwards

EXPERIMENT: dict[str, Any] = {
    "run": {key: value for key, value in SPEC.items() if key != "seed"},
    "space": {
        "algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]},
        "algorithm.gamma": {"kind": "choice", "values": [0.9, 0.99]},
    },
    "seeds": [3, 4],
    "at_once": 3,
}
RUNS = [f"sweep-{trial}-{seed}" for trial in range(4) for seed in (3, 4)]
DECIDED = (m.TrialRequested, m.TrialReported, m.TrialDecided, m.ExperimentCompleted)


class Faulty(Platform):
    """Any order; functions die after some of what they had to publish, and are invoked again."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)

    async def run(self) -> None:
        while self.queue:
            self.queue.rotate(self.chance.randrange(len(self.queue)))
            function, body = self.queue.popleft()
            said = await self.answers(function, body)
            done = len(said)
            if self.chance.random() < 0.3:
                done = self.chance.randrange(len(said) + 1)
                self.queue.append((function, body))
            for message in said[:done]:
                await self.publish(message)


async def compete(platform: Platform, spec: dict[str, Any] = EXPERIMENT) -> Platform:
    await platform.publish(m.ExperimentRequested(run="sweep", spec=spec))
    await platform.run()
    return platform


def facts(platform: Platform, *kinds: type[m.Message]) -> dict[str, m.Message]:
    """The facts of these kinds, by subject."""
    found = {subject: record.fact for subject, record in platform.facts.log}
    return {subject: fact for subject, fact in found.items() if isinstance(fact, kinds)}


def end(platform: Platform) -> Any:
    (found,) = facts(platform, m.ExperimentCompleted, m.ExperimentFailed).values()
    return found


def policies(platform: Platform) -> dict[str, bytes]:
    return {key: data for key, data in platform.objects.data.items() if "/policies/" in key}


@pytest.fixture(scope="module")
def calm() -> Platform:
    return asyncio.run(compete(Platform()))


def test_a_grid_becomes_runs_and_the_best_trial(calm: Platform) -> None:
    asked = facts(calm, m.TrialRequested).values()
    assert [(fact.trial, fact.settings) for fact in asked] == [
        (0, {"algorithm.learning_rate": 1e-3, "algorithm.gamma": 0.9}),
        (1, {"algorithm.learning_rate": 1e-3, "algorithm.gamma": 0.99}),
        (2, {"algorithm.learning_rate": 1e-2, "algorithm.gamma": 0.9}),
        (3, {"algorithm.learning_rate": 1e-2, "algorithm.gamma": 0.99}),
    ]
    assert [fact.run for fact in facts(calm, m.RunRequested).values()] == RUNS
    scores: dict[int, list[float]] = {}
    for fact in facts(calm, m.TrialReported).values():
        scores.setdefault(fact.trial, []).append(fact.score)
    means = {trial: sum(found) / 2 for trial, found in scores.items()}
    best = max(means, key=lambda trial: means[trial])
    assert (end(calm).reason, end(calm).trials, end(calm).failed) == ("trials", 4, 0)
    assert (end(calm).best.trial, end(calm).best.score) == (best, means[best])


def test_no_more_runs_go_on_at_one_time_than_may(calm: Platform) -> None:
    going, most = 0, 0
    for _, record in calm.facts.log:
        going += isinstance(record.fact, m.RunRequested)
        going -= isinstance(record.fact, m.TrialReported)
        most = max(most, going)
    assert most == EXPERIMENT["at_once"]


async def test_each_run_alone_makes_the_same_policies(calm: Platform) -> None:
    spec, alone = msgspec.convert(EXPERIMENT, ExperimentSpec), Platform()
    for fact in facts(calm, m.TrialRequested).values():
        for seed in spec.seeds:
            asked = request("sweep", spec, fact.trial, seed, fact.settings)
            await alone.publish(m.RunRequested(run=asked.run, spec=asked.spec))
    await alone.run()
    assert len(policies(calm)) == len(RUNS) * 3
    assert policies(alone) == policies(calm)


@pytest.mark.parametrize("platform", [Faulty(1), Faulty(2), TwiceAndBackwards()])
async def test_faults_change_neither_decisions_nor_policies(
    calm: Platform, platform: Platform
) -> None:
    await compete(platform)
    assert facts(platform, *DECIDED) == facts(calm, *DECIDED)
    assert policies(platform) == policies(calm)


async def test_a_copy_begins_with_its_parents_learner_state() -> None:
    rates = {"kind": "choice", "values": [1e-3, 1e-2]}
    spec = {
        **EXPERIMENT,
        "space": {"algorithm.learning_rate": rates},
        "seeds": [3],
        "scheduler": {"name": "population", "every": 64, "quantile": 0.5},
    }
    platform = await compete(Platform(), spec)
    assert end(platform).reason == "trials"
    copy = next(f for f in facts(platform, m.TrialRequested).values() if f.parent is not None)
    (asked,) = [f for f in facts(platform, m.RunRequested).values() if f.run in copy.runs]
    learner = await platform.objects.find(keys.learner(asked.run, 0))
    assert learner is not None
    begun = load(await platform.objects.get(learner), LearnerState)
    parent = load(await platform.objects.get(asked.copied.learner), LearnerState)
    assert (begun.version, begun.env_steps) == (0, parent.env_steps)
    for name, array in parent.parameters.items():
        assert np.array_equal(begun.parameters[name], array)
    assert begun.optimizer.keys() == parent.optimizer.keys()
    first = platform.objects.data[keys.learner(asked.run, 0)]
    del platform.objects.data[keys.learner(asked.run, 0)]
    started = facts(platform, m.RunStarted)[f"ftg.run.started.{asked.run}"]
    await platform.deliver("update-policy", m.encode(started))
    assert platform.objects.data[keys.learner(asked.run, 0)] == first


async def test_a_stop_request_ends_the_runs_and_then_the_experiment() -> None:
    platform = Platform()
    await platform.publish(m.ExperimentRequested(run="sweep", spec=EXPERIMENT))
    while "policy.updated" not in platform.said:
        await platform.deliver(*platform.queue.popleft())
    await platform.publish(m.ExperimentStopRequested(run="sweep"))
    await platform.run()
    assert end(platform).reason == "stopped"
    begun = [fact.run for fact in facts(platform, m.RunRequested).values()]
    assert begun == RUNS[:3]
    assert platform.said.count("report.written") == 3
    assert {fact.end for fact in facts(platform, m.TrialReported).values()} == {"stopped"}


def failing(max_failed: int) -> dict[str, Any]:
    """The first of two trials has an environment that cannot be built."""
    modes = {"kind": "choice", "values": [{"no_such": 1}, {}]}
    space = {"environment.kwargs": modes}
    return {**EXPERIMENT, "space": space, "seeds": [3], "max_failed": max_failed}


async def test_a_trial_that_fails_has_its_reason_and_the_others_go_on() -> None:
    platform = await compete(Platform(), failing(1))
    first, second = facts(platform, m.TrialReported).values()
    assert (first.end, first.score, second.end) == ("failed", None, "budget")
    assert first.reason.startswith("run sweep-0-3: spec.environment")
    assert (end(platform).failed, end(platform).best.trial) == (1, 1)


async def test_one_more_failed_trial_than_may_fail_is_the_end() -> None:
    platform = await compete(Platform(), failing(0))
    assert end(platform).reason.startswith(
        "failed trials: found 1; allowed: 0 (spec.max_failed); the last, trial 0: run sweep-0-3: "
    )


async def test_an_experiment_that_cannot_be_run_is_refused_with_the_path_in_its_own_file() -> None:
    wrong = {**EXPERIMENT, "run": {**EXPERIMENT["run"], "environment": {"id": "CartPole-v9"}}}
    platform = await compete(Platform(), wrong)
    assert platform.said == ["experiment.requested", "experiment.failed"]
    assert end(platform).reason.startswith("spec.run.environment.id: ")


@pytest.mark.parametrize("name", ["sweep", "sweep-3-4"])
async def test_a_name_that_a_run_has_is_not_taken_again(name: str) -> None:
    platform = Platform()
    await platform.facts.publish_once(m.RunRequested(run=name, spec=SPEC))
    await compete(platform)
    assert end(platform).reason == (
        f"the name of run {name} is taken, which sweep needs; choose another name"
    )


async def test_the_log_of_an_experiment_that_ended_is_kept(calm: Platform) -> None:
    kept = [key for key in calm.objects.data if key.startswith(keys.logs("sweep"))]
    assert kept
