"""Experiments in one process make the facts of the pipeline, and train what it trains."""

import asyncio
from typing import Any

import pytest

from benchmarks.experiments.competing import NAME, compete
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from tests.test_experiment import EXPERIMENT
from tests.test_loop import Platform

RATES = {"algorithm.learning_rate": {"kind": "log-uniform", "low": 1e-4, "high": 1e-2}}
CASES: dict[str, dict[str, Any]] = {
    "grid": {},
    "halving": {"scheduler": {"name": "halving", "first": 64, "factor": 2}},
    "tpe": {"space": RATES, "seeds": [3], "sampler": {"name": "tpe", "trials": 4, "startup": 2}},
    "population": {
        "space": RATES,
        "seeds": [3],
        "sampler": {"name": "random", "trials": 3},
        "scheduler": {"name": "population", "every": 64, "quantile": 0.34},
    },
}


def told(records: list[Recorded]) -> set[Any]:
    """Who was tried, what runs came to with which policy, what was decided, and the end."""
    found: set[Any] = set()
    for fact in (record.fact for record in records):
        match fact:
            case m.TrialRequested():
                settings = tuple(sorted(fact.settings.items()))
                found.add((fact.trial, settings, fact.parent))
            case m.TrialReported(policy=policy):
                assert policy
                place = (fact.trial, fact.seed, fact.rung, policy.version)
                digests = (policy.policy.sha256, policy.learner.sha256)
                found.add((*place, *digests, fact.score, fact.env_steps))
            case m.TrialDecided():
                found.add((fact.trial, fact.rung, fact.decision, fact.reason, fact.parent))
            case m.ExperimentCompleted(best=best):
                assert best
                found.add((fact.reason, fact.trials, best.trial, best.score))
    return found


@pytest.mark.parametrize("case", CASES)
def test_facts_are_the_pipeline_s(case: str) -> None:
    raw = EXPERIMENT | CASES[case]
    platform = Platform()

    async def whole() -> None:
        await platform.publish(m.ExperimentRequested(run=NAME, spec=raw))
        await platform.run()

    asyncio.run(whole())
    theirs = [record for _, record in platform.facts.log if record.fact.run == NAME]
    made = told(compete(parse(raw)))
    assert made == told(theirs)
    assert len(made) > 4
