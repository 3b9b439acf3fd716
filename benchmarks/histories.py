"""Experiments that have ended, as their facts and reports tell them: nothing was trained.

The planner, the schedulers and the views are the real ones; only the returns come from a formula.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from faastraingym.events.experiments import history as experiments
from faastraingym.events.experiments.plan import plan
from faastraingym.events.experiments.reporting import reported
from faastraingym.events.pipeline import history as runs
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import build
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef

BEGAN = 1_795_000_000.0  # Unix time
SECONDS = 0.25  # between two facts of a run
VERSIONS = 20  # of a run with the whole budget
ROLLOUTS = 2
EVALUATED = 4  # versions between two evaluations
LEARNER = ("policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction", "learning_rate")
BEST_RATE, BEST_GAMMA, REACHABLE = 1e-3, 0.98, 500.0  # of the formula


class Filled(Struct):
    """What a log, a metering and a store hold of an experiment and its runs."""

    bucket: str
    facts: list[m.Message] = field(default_factory=list)
    usage: list[m.InvocationCompleted] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)  # by key


class _Run(Struct):
    """One run of an experiment."""

    asked: m.RunRequested
    chance: random.Random
    told: list[Recorded] = field(default_factory=list)
    spent: list[m.InvocationCompleted] = field(default_factory=list)
    learnt: float = 0.0  # of what can be reached, 0 to 1
    before: PolicyRef | None = None


def ended(name: str, spec: dict[str, Any], bucket: str) -> Filled:
    """An experiment of runs that each report as soon as they may.

    Args:
        name: the experiment's.
        spec: raw; of runs of PPO.
        bucket: in which its objects will be.
    """
    filled, begun = Filled(bucket), dict[str, _Run]()
    log, known, going = list[Recorded](), set[str](), list[m.Message]()

    def publish(fact: m.Message) -> None:
        if subjects.of(fact) in known:
            return
        known.add(subjects.of(fact))
        if fact.run == name:
            log.append(Recorded(len(log) + 1, BEGAN + len(log), fact))
            filled.facts.append(fact)
        else:
            going.append(fact)

    publish(m.ExperimentRequested(run=name, spec=spec))
    publish(m.ExperimentStarted(run=name, spec=spec))
    while (experiment := experiments.fold(log)).end is None:
        for fact in plan(name, experiment):
            publish(fact)
        if going:
            publish(_trained(going.pop(0), begun, filled))
    return filled


def _trained(fact: Any, begun: dict[str, _Run], filled: Filled) -> m.TrialReported:
    """Let a run begin, or go on, to the end of its segment; what its experiment is told of it."""
    if isinstance(fact, m.RunRequested):
        begun[fact.run] = run = _Run(fact, random.Random(fact.run))
        if isinstance(fact.copied, PolicyRef):
            run.before = fact.copied
            run.learnt = begun[fact.copied.policy.key.split("/")[1]].learnt
    run, segment = begun[fact.run], getattr(fact, "segment", 0)
    for said in [fact, *_segment(run, fact, segment, filled.bucket)]:
        _tell(run, said, filled)
    history = runs.fold(run.told)
    report = build(fact.run, history, run.spent, run.told[-1].at)
    data = msgspec.json.format(msgspec.json.encode(report))
    filled.objects[keys.report(fact.run, segment)] = data
    written = m.ReportWritten(
        run=fact.run,
        report=_object(filled.bucket, keys.report(fact.run, segment), data),
        learning_curve=_object(filled.bucket, keys.learning_curve(fact.run, segment)),
        segment=segment,
    )
    _tell(run, written, filled)
    return reported(history, run.spent)[0]


def _tell(run: _Run, said: m.Message, filled: Filled) -> None:
    at = run.told[-1].at + SECONDS if run.told else BEGAN
    run.told.append(Recorded(len(run.told) + 1, at, said))
    filled.facts.append(said)
    cost = [_metered(run, function, at) for function in _FUNCTIONS.get(m.tag(said), ())]
    run.spent += cost
    filled.usage += cost


_FUNCTIONS = {  # that end beside a fact
    "run.started": ("start-run",),
    "rollout.completed": ("rollout", "aggregate-rewards"),
    "rewards.ready": ("aggregate-rewards", "plan-update"),
    "policy.updated": ("update-policy", "plan-update"),
    "evaluation.completed": ("evaluate",),
    "report.written": ("conclude-run",),
}


def _metered(run: _Run, function: str, at: float) -> m.InvocationCompleted:
    return m.InvocationCompleted(
        run=run.asked.run,
        function=function,
        call_id=f"{function}-{len(run.spent)}",
        replica="none",
        started_at=at - SECONDS / 2,
        seconds=SECONDS / 2 * run.chance.uniform(0.5, 1.5),
        memory_mb=512,
        cold_start=not run.spent,
        status=200,
    )


def _segment(run: _Run, fact: Any, segment: int, bucket: str) -> Iterator[m.Message]:
    """What is said after a request or a resumption, up to the run's end."""
    name, spec = run.asked.run, run.asked.spec
    manifest = _object(bucket, keys.manifest(name))
    budget = spec["stop"]["env_steps"] if segment == 0 else fact.env_steps
    batch = max(1, spec["stop"].get("horizon", budget) // VERSIONS)
    if segment == 0:
        yield m.RunStarted(run=name, manifest=manifest, copied=run.asked.copied)
        policy = _policy(bucket, name, 0, run.before.env_steps if run.before else 0)
        yield m.PolicyUpdated(
            run=name, manifest=manifest, policy=policy, rollouts=ROLLOUTS, evaluate=False
        )
    else:
        policy = _newest(run)
    while policy.env_steps < budget:
        yield from _collected(name, manifest, policy, batch, run.learnt * REACHABLE)
        run.learnt += (1 - run.learnt) * _speed(spec["algorithm"]) * run.chance.uniform(0.7, 1.3)
        steps = min(budget, policy.env_steps + batch)
        policy = _policy(bucket, name, policy.version + 1, steps)
        is_last = steps == budget
        evaluate = is_last or policy.version % EVALUATED == 0
        yield m.PolicyUpdated(
            run=name,
            manifest=manifest,
            policy=policy,
            rollouts=0 if is_last else ROLLOUTS,
            evaluate=evaluate,
            metrics={key: run.chance.random() for key in LEARNER},
        )
        if evaluate:
            found = min(REACHABLE, max(9.0, run.learnt * REACHABLE + run.chance.gauss(0, 8)))
            yield m.EvaluationCompleted(
                run=name,
                manifest=manifest,
                policy=policy,
                evaluation=_object(bucket, keys.evaluation(name, policy.version)),
                episodes=20,
                return_mean=found,
                return_std=20.0,
                length_mean=found,
            )
            if found >= spec["stop"].get("target", math.inf):
                yield m.RunCompleted(run=name, reason="target", policy=policy, segment=segment)
                return
    yield m.RunCompleted(run=name, reason="budget", policy=policy, segment=segment)


def _collected(
    name: str, manifest: ObjectRef, policy: PolicyRef, steps: int, found: float
) -> Iterator[m.Message]:
    """The rollouts of a version, and its batch."""
    bucket, version = manifest.bucket, policy.version
    summary = m.EpisodeSummary(episodes=4, return_sum=4 * found, length_sum=int(4 * found) + 40)
    slots = [
        TrajectoryRef(
            version=version,
            index=index,
            object=_object(bucket, keys.trajectory(name, version, index)),
        )
        for index in range(ROLLOUTS)
    ]
    for slot in slots:
        yield m.RolloutCompleted(
            run=name,
            manifest=manifest,
            policy=policy,
            trajectory=slot,
            env_steps=steps // ROLLOUTS,
            episodes=summary,
        )
    yield m.RewardsReady(
        run=name, manifest=manifest, policy=policy, batch=slots, env_steps=steps, episodes=summary
    )


def _speed(algorithm: dict[str, Any]) -> float:
    """How much of what is left to learn one version learns."""
    off = math.log10(algorithm.get("learning_rate", BEST_RATE) / BEST_RATE)
    discount = algorithm.get("gamma", BEST_GAMMA) - BEST_GAMMA
    return 0.2 * math.exp(-(off**2)) * math.exp(-((30 * discount) ** 2))


def _newest(run: _Run) -> PolicyRef:
    updated = [each.fact for each in run.told if isinstance(each.fact, m.PolicyUpdated)]
    return updated[-1].policy


def _policy(bucket: str, name: str, version: int, steps: int) -> PolicyRef:
    return PolicyRef(
        version=version,
        policy=_object(bucket, keys.policy(name, version)),
        learner=_object(bucket, keys.learner(name, version)),
        env_steps=steps,
        episodes=4 * version,
    )


def _object(bucket: str, key: str, data: bytes = b"") -> ObjectRef:
    digest = hashlib.sha256(data or key.encode()).hexdigest()
    return ObjectRef(bucket=bucket, key=key, size=len(data), sha256=digest)
