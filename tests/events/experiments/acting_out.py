"""Whole experiments without a pipeline: what is planned is published, and runs report scores."""

import random
from collections.abc import Callable
from typing import Any

from faastraingym.events.experiments.history import Experiment, fold
from faastraingym.events.experiments.plan import plan
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from faastraingym.schemas.references import ObjectRef, PolicyRef

NAME = "x"
MANIFEST = ObjectRef(bucket="b", key="runs/r/manifest.msgpack", size=1, sha256="a" * 64)


def policy(trial: int, seed: int, segment: int) -> PolicyRef:
    """That with which a trial's run ended."""
    learner = ObjectRef(
        bucket="b", key=f"runs/{NAME}-{trial}-{seed}/{segment}", size=1, sha256="b" * 64
    )
    return PolicyRef(version=1, policy=MANIFEST, learner=learner, env_steps=100)


Score = Callable[[int, int, int], float | None]  # of a trial, a seed, a rung; None: it fails


def report(trial: int, seed: int, rung: int = 0, score: float | None = 1.0, **more: Any) -> Any:
    end = "budget" if score is not None else "failed"
    known = {"end": end, "env_steps": 100, "gb_seconds": 1.0, "manifest": MANIFEST}
    known |= {"policy": policy(trial, seed, rung)}
    reason = "" if score is not None else f"run {NAME}-{trial}-{seed}: it broke"
    given = {"reason": reason, **known, **more}
    return m.TrialReported(run=NAME, trial=trial, seed=seed, rung=rung, score=score, **given)


class Log:
    """Facts, each once, as the broker holds them."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.records: list[Recorded] = []
        self.known: set[str] = set()
        self.runs: list[m.Message] = []  # requests and resumptions that have not reported
        self.most = 0  # runs at one time
        self.publish(m.ExperimentRequested(run=NAME, spec=spec))
        self.publish(m.ExperimentStarted(run=NAME, spec=spec))

    def publish(self, fact: m.Message) -> None:
        if subjects.of(fact) in self.known:
            return
        self.known.add(subjects.of(fact))
        if fact.run == NAME:
            self.records.append(Recorded(len(self.records) + 1, 100.0 + len(self.records), fact))
        elif not isinstance(fact, m.StopRequested):
            self.runs.append(fact)
            self.most = max(self.most, len(self.runs))

    def said(self, *kinds: type[m.Message]) -> dict[str, Any]:
        found = [record.fact for record in self.records]
        return {subjects.of(fact): fact for fact in found if isinstance(fact, kinds)}

    @property
    def experiment(self) -> Experiment:
        return fold(self.records)

    @property
    def end(self) -> Any:
        return self.experiment.end

    def planned(self, upto: int | None = None) -> list[m.Message]:
        """What an invocation plans that read a beginning of the log."""
        return plan(NAME, fold(self.records[:upto]))


def calm(log: Log, score: Score) -> Log:
    """Each run reports as soon as it may."""
    while log.end is None:
        for fact in log.planned():
            log.publish(fact)
        if log.runs:
            finish(log, log.runs[0], score)
    return log


def rough(log: Log, score: Score, chance: random.Random) -> Log:
    """Runs report in any order; invocations read an older log, and die having published a part."""
    for _ in range(10_000):
        if log.end is not None:
            return log
        if log.runs and chance.random() < 0.3:
            finish(log, chance.choice(log.runs), score)
        behind = chance.choice([0, 0, 1, 3])
        planned = log.planned(max(2, len(log.records) - behind))
        chance.shuffle(planned)
        for fact in planned[: chance.randrange(len(planned) + 1)]:
            log.publish(fact)
    raise AssertionError("the experiment does not end")


def finish(log: Log, run: Any, score: Score) -> None:
    log.runs.remove(run)
    trial, seed = map(int, run.run.removeprefix(f"{NAME}-").split("-"))
    rung = run.segment if isinstance(run, m.RunResumed) else 0
    log.publish(report(trial, seed, rung, score(trial, seed, rung)))
