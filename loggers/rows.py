"""From a run's facts to rows of numbers, named as Stable-Baselines3 names them: pure.

A name and a step (environment steps) tell one number of a run from all others, so what was written
before a cut is known again by them.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

from faastraingym.algorithms import registry
from faastraingym.events.pipeline.planning import learning_plan
from faastraingym.events.ports import Recorded
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    PolicyUpdated,
    RewardsReady,
    RunRequested,
    RunResumed,
)
from faastraingym.schemas.specification import RunSpec

Point = tuple[str, int]  # name and step


class Row(NamedTuple):
    """What one fact tells, in numbers."""

    step: int  # environment steps that were learnt from
    at: float  # Unix time, seconds
    values: dict[str, float]  # by name


class Name(NamedTuple):
    """How a number of ours is called there, and what it is multiplied by."""

    name: str
    factor: float = 1.0
    algorithms: tuple[str, ...] = ()  # empty: all


# The learner's metrics and coefficients, where Stable-Baselines3 calls them otherwise; all others
# are `train/` and their own name: approx_kl, clip_fraction, explained_variance, learning_rate,
# value_loss.
LEARNER: dict[str, tuple[Name, ...]] = {
    "policy_loss": (Name("train/policy_gradient_loss", algorithms=("ppo",)),),
    "entropy": (Name("train/entropy_loss", -1.0),),
    "clip_coef": (Name("train/clip_range"),),
    "epsilon": (Name("rollout/exploration_rate"),),
}


class Rows:
    """Rows of one run, from its facts in the log's order; it keeps batches that wait alone."""

    def __init__(self) -> None:
        self._spec: RunSpec | None = None  # None: it was refused
        self._batches: dict[int, RewardsReady] = {}  # by the version that learns from them
        self._begun_at = 0.0  # of the segment
        self._begun_steps = 0
        self._steps = 0

    def add(self, record: Recorded) -> Row | None:
        """The row that one more fact makes, if it makes one."""
        match record.fact:
            case RunRequested(spec=raw):
                self._spec, self._begun_at = _parsed(raw), record.at
            case RunResumed():
                self._begun_at, self._begun_steps = record.at, self._steps
            case RewardsReady() as ready:
                self._batches[ready.version] = ready
            case PolicyUpdated(policy=policy) as updated if policy.version:
                row = Row(policy.env_steps, record.at, self._of_update(updated, record.at))
                self._steps = policy.env_steps
                return row
            case EvaluationCompleted() as fact:
                return Row(fact.policy.env_steps, record.at, _of_evaluation(fact))
        return None

    def _of_update(self, fact: PolicyUpdated, at: float) -> dict[str, float]:
        version, steps = fact.policy.version, fact.policy.env_steps
        elapsed = max(at - self._begun_at, 1e-9)
        return {
            **_of_batch(self._batches.pop(version - 1, None)),
            "time/fps": round((steps - self._begun_steps) / elapsed, 1),
            "time/iterations": version,
            "time/time_elapsed": round(elapsed, 3),
            "time/total_timesteps": steps,
            **self._of_learner(fact.metrics, version),
        }

    def _of_learner(self, metrics: dict[str, float], version: int) -> dict[str, float]:
        if self._spec is None:
            return dict(_named(metrics, ""))
        algorithm, settings = registry.name(self._spec), self._spec.algorithm
        values = metrics | dict(learning_plan(self._spec, self._steps).coefficients)
        ent_coef = values.pop("ent_coef", 0.0)
        found = dict(_named(values, algorithm))
        if {"policy_loss", "entropy", "value_loss"} <= set(metrics):
            found["train/loss"] = (
                metrics["policy_loss"]
                - ent_coef * metrics["entropy"]
                + getattr(settings, "vf_coef", 0.0) * metrics["value_loss"]
            )
        found["train/n_updates"] = version * getattr(settings, "update_epochs", 1)
        return found


def rows(records: Iterable[Recorded]) -> Iterator[Row]:
    """All rows of a run, from its facts in the log's order."""
    seen = Rows()
    return (row for record in records if (row := seen.add(record)))


def missing(row: Row, written: Container[Point]) -> Row | None:
    """What of `row` was not written yet; None where all of it was."""
    left = {name: value for name, value in row.values.items() if (name, row.step) not in written}
    return row._replace(values=left) if left else None


def points(row: Row) -> Iterator[Point]:
    """The points of a row."""
    return ((name, row.step) for name in row.values)


def _named(metrics: dict[str, float], algorithm: str) -> Iterator[tuple[str, float]]:
    for metric, value in metrics.items():
        found = Name(f"train/{metric}")
        for name in LEARNER.get(metric, ()):
            if not name.algorithms or algorithm in name.algorithms:
                found = name
        yield found.name, value * found.factor


def _of_batch(ready: RewardsReady | None) -> dict[str, float]:
    """Means over the episodes that ended in a batch; nothing where none did."""
    if ready is None or not ready.episodes.episodes:
        return {}
    episodes = ready.episodes
    return {
        "rollout/ep_rew_mean": episodes.return_sum / episodes.episodes,
        "rollout/ep_len_mean": episodes.length_sum / episodes.episodes,
    }


def _of_evaluation(fact: EvaluationCompleted) -> dict[str, float]:
    return {
        "eval/mean_reward": fact.return_mean,
        "eval/std_reward": fact.return_std,
        "eval/mean_ep_length": fact.length_mean,
    }


def _parsed(raw: dict[str, Any]) -> RunSpec | None:
    try:
        return registry.parse(raw)
    except SpecificationError:
        return None
