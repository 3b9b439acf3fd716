"""A whole experiment in one process: plan-experiment's decisions, and the functions' own work.

The same experiment makes the same facts as a stack, where these do not depend on the order in which
runs report. Here that is the order of runs that all go at the same number of steps per second.
"""

import hashlib

import msgspec
from msgspec.structs import replace

from benchmarks import loop
from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.events.experiments.history import fold
from faastraingym.events.experiments.plan import plan
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from faastraingym.schemas.experiment import ExperimentSpec
from faastraingym.schemas.payloads import LearnerState, dump
from faastraingym.schemas.references import ObjectRef, PolicyRef
from faastraingym.schemas.specification import RunSpec

NAME = "experiment"
Going = m.RunRequested | m.RunResumed


def compete(spec: ExperimentSpec) -> list[Recorded]:
    """The facts from its request to its end; whether a run reaches its target nobody looks."""
    ground = Ground()
    raw = msgspec.to_builtins(spec)
    ground.publish(m.ExperimentRequested(run=NAME, spec=raw))
    ground.publish(m.ExperimentStarted(run=NAME, spec=raw))
    while (experiment := fold(ground.records)).end is None:
        if not [fact for fact in plan(NAME, experiment) if ground.publish(fact)]:
            ground.step()
    return ground.records


class Ground:
    """The log, and the runs that go on; `now` is in environment steps of a run."""

    def __init__(self) -> None:
        self.records: list[Recorded] = []
        self.known: set[str] = set()
        self.runs: dict[str, Run] = {}
        self.states: dict[str, LearnerState] = {}  # that copies may begin with, by digest
        self.going: list[tuple[int, int, Going]] = []  # when it ends, its turn, and what began it
        self.now = 0

    def publish(self, fact: m.Message) -> bool:
        """Add it to the log, or begin a run; whether it is new."""
        subject = subjects.of(fact)
        if subject in self.known:
            return False
        self.known.add(subject)
        if isinstance(fact, m.RunRequested | m.RunResumed):
            self._begin(fact)
        elif fact.run == NAME:
            self.records.append(Recorded(len(self.records) + 1, float(self.now + 1), fact))
        return True

    def step(self) -> None:
        """Let the run report that is first at its rung."""
        self.going.sort(key=lambda each: each[:2])
        self.now, _, begun = self.going.pop(0)
        self.publish(self._reported(begun))

    def _begin(self, fact: Going) -> None:
        if isinstance(fact, m.RunRequested):
            copied = self.states[fact.copied.learner.sha256] if fact.copied else None
            self.runs[fact.run] = Run(fact, copied)
        run = self.runs[fact.run]
        aim = fact.env_steps if isinstance(fact, m.RunResumed) else run.spec.stop.env_steps
        self.going.append((self.now + aim - run.env_steps, len(self.known), fact))

    def _reported(self, begun: Going) -> m.TrialReported:
        run = self.runs[begun.run]
        resumed = isinstance(begun, m.RunResumed)
        run.advance(begun.env_steps if resumed else run.spec.stop.env_steps)
        policy = run.reference
        self.states[policy.learner.sha256] = run.learner
        return m.TrialReported(
            run=NAME,
            trial=run.member.trial,
            seed=run.member.seed,
            rung=begun.segment if resumed else 0,
            end="budget",
            score=run.score,
            env_steps=run.env_steps,
            gb_seconds=0.0,
            manifest=run.manifest,
            policy=policy,
        )


class Run:
    """One run, which pauses at rungs; its policy is the version where it stands."""

    def __init__(self, asked: m.RunRequested, copied: LearnerState | None) -> None:
        self.member = msgspec.convert(asked.experiment, m.Membership)
        self.spec = registry.parse(asked.spec)
        self.manifest = _ref(msgspec.json.encode(asked))
        learner = registry.learner(self.spec)
        begun = replace(copied, version=0) if copied else learner.initialise(self.spec)
        self.versions = loop.versions(_whole(self.spec), begun)
        self.learner, self.policy = begun, learner.project(begun)

    @property
    def env_steps(self) -> int:
        """That it has learnt from; a copy begins with its parent's."""
        return self.learner.env_steps

    def advance(self, env_steps: int) -> None:
        """Train to the first version that has learnt from so many steps."""
        while self.env_steps < env_steps:
            version = next(self.versions)
            self.learner, self.policy = version.learner, version.policy

    @property
    def reference(self) -> PolicyRef:
        """The policy, and the learner state behind it."""
        return PolicyRef(
            version=self.policy.version,
            policy=_ref(dump(self.policy)),
            learner=_ref(dump(self.learner)),
            env_steps=self.env_steps,
        )

    @property
    def score(self) -> float:
        """The mean return of the policy's evaluation."""
        return float(evaluate(self.spec, self.policy).returns.mean())


def _whole(spec: RunSpec) -> RunSpec:
    """The run that does not pause: it anneals over its horizon, and ends there."""
    return replace(spec, stop=replace(spec.stop, env_steps=spec.stop.annealing_steps))


def _ref(data: bytes) -> ObjectRef:
    digest = hashlib.sha256(data).hexdigest()
    return ObjectRef(bucket="-", key=digest, size=len(data), sha256=digest)
