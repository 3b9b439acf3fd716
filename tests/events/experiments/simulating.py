"""A whole experiment on synthetic learning curves, decided by `decide` alone."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from faastraingym.algorithms.experiments.sampling import Told, needed, suggest
from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.rungs import rungs, successor
from faastraingym.events.experiments.schedulers import decide, perturbed
from faastraingym.events.experiments.telling import told
from faastraingym.schemas.experiment import ExperimentSpec

Settings = dict[str, Any]
# The score after the steps from `begin` to `end`, from the score before them: pure.
Curve = Callable[[float, Settings, int, int], float]


@dataclass
class Experiment:
    """What happened; `scores` are by trial and rung, of copies that of the parent's rung, too."""

    spec: ExperimentSpec
    curve: Curve
    settings: dict[int, Settings]
    sampled: int = 0  # trials that the sampler suggests, instead of `settings`
    at_once: int = 4
    order: random.Random | None = None  # in which results come; None: as trials began
    failing: Callable[[int, int], bool] = lambda trial, rung: False
    refused: Callable[[int, int], bool] = lambda trial, rung: False  # to go on, by the budget
    results: list[Result] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    decided_after: list[list[Decision]] = field(default_factory=list)  # by result
    scores: dict[tuple[int, int], float] = field(default_factory=dict)
    env_steps: int = 0

    def run(self) -> "Experiment":
        """Until nothing is left to do."""
        total = self.sampled or len(self.settings)
        new, going_on, in_flight = [(trial, 0) for trial in range(total)], [], []
        while new or going_on or in_flight:
            while len(in_flight) < self.at_once and (going_on or self._may_begin(new[:1])):
                in_flight.append((going_on or new).pop(0))
            assert in_flight, f"nothing goes on, and {new} cannot begin"
            chosen = self.order.randrange(len(in_flight)) if self.order else 0
            self._pause(*in_flight.pop(chosen))
            made = self._decided(total)
            self.decided_after.append(made)
            going_on += [place for each in made for place in self._next(each, total)]
        return self

    def _decided(self, total: int) -> list[Decision]:
        """What follows now: a decision may lead to others, for the planner hears each of them."""
        made: list[Decision] = []
        while more := decide(self.spec, total, self.results, self.decisions):
            found = [*map(self._within, more)]
            self.decisions += found
            made += found
        return made

    def _may_begin(self, new: Sequence[tuple[int, int]]) -> bool:
        """Whether there is a new trial, and its settings, once the sampler can suggest them."""
        for trial, _ in new:
            if trial in self.settings:
                return True
            results = told(self.spec, self.results, self.decisions)
            known = [results.get(n) for n in range(trial)]
            if None not in known[: needed(self.spec, trial)]:
                earlier = [
                    Told(self.settings[n], each and each.score) for n, each in enumerate(known)
                ]
                self.settings[trial] = suggest(self.spec, trial, earlier)
                return True
        return False

    def _pause(self, trial: int, rung: int) -> None:
        begin, end = (0, *rungs(self.spec, trial))[rung : rung + 2]
        self.env_steps += end - begin
        if self.failing(trial, rung):
            self.results.append(Result(trial, rung, None))
            return
        before = self.scores.get((trial, rung - 1), 0.0)
        score = self.curve(before, self.settings[trial], begin, end)
        self.scores[trial, rung] = score
        self.results.append(Result(trial, rung, score))

    def _within(self, made: Decision) -> Decision:
        if made.verdict == "continue" and self.refused(made.trial, made.rung):
            return made._replace(verdict="stop", reason="the budget is used up")
        return made

    def _next(self, decision: Decision, total: int) -> Sequence[tuple[int, int]]:
        trial, rung = decision.trial, decision.rung
        if decision.verdict == "stop":
            return []
        if decision.verdict == "copy":
            assert decision.parent is not None
            parent = self.settings[decision.parent]
            trial = successor(total, decision.trial, rung)
            self.settings[trial] = perturbed(self.spec, parent, decision.trial, rung)
            self.scores[trial, rung] = self.scores[decision.parent, rung]
        return [(trial, rung + 1)]

    def best(self) -> tuple[int, float]:
        """The trial with the highest score at the whole budget, and its score."""
        full = [each for each in self.results if each.rung == len(rungs(self.spec, each.trial)) - 1]
        scored = [(each.score, -each.trial) for each in full if each.score is not None]
        score, trial = max(scored)
        return -trial, score

    def verdicts(self) -> dict[tuple[int, int], str]:
        """The verdicts by trial and rung."""
        return {(each.trial, each.rung): each.verdict for each in self.decisions}
