"""Population-based training: the worst members go on from copies of the best. Pure.

Source: Jaderberg et al., Population Based Training of Neural Networks (2017), truncation selection.
A member waits at a rung for all others, so who copies whom follows from the specification alone.
"""

from collections.abc import Iterator, Sequence

from faastraingym.algorithms import seeding
from faastraingym.algorithms.experiments.feasibility import share
from faastraingym.events.experiments.decisions import (
    Decision,
    Result,
    failure,
    number,
    place,
    ranked,
    standing,
)
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs, successor
from faastraingym.schemas.experiment import ExperimentSpec, Population, Sampled


def exploit(scheduler: Population, race: Race) -> Iterator[Decision]:
    """The decisions of every rung that all members have reached."""
    members = list(range(race.total))
    for rung, env_steps in enumerate(rungs(race.spec, 0)[:-1]):
        here = [race.there[trial, rung] for trial in members if (trial, rung) in race.there]
        if len(here) < len(members):
            return
        made = _selected(here, scheduler.quantile, env_steps, seed(race.spec))
        yield from made
        held = [race.held(each) for each in made]
        members = [
            successor(race.total, each.trial, rung) if each.verdict == "copy" else each.trial
            for each in held
            if each.verdict != "stop"
        ]


def seed(spec: ExperimentSpec) -> int:
    """The seed of what is random in an experiment."""
    return spec.sampler.seed if isinstance(spec.sampler, Sampled) else 0


def _selected(here: Sequence[Result], quantile: float, env_steps: int, seed: int) -> list[Decision]:
    """The decisions of a complete rung: a failed member is one of the worst."""
    ranking = ranked(here)
    good = [(each.trial, each.score) for each in ranking if each.score is not None]
    if not good:
        return [failure(each, env_steps) for each in ranking]
    selected = share(len(here), quantile)
    parents = good[:selected]
    copying = min(max(selected, len(here) - len(good)), len(here) - len(parents))
    rule = _rule(copying, len(parents))
    made = []
    for rank, each in enumerate(ranking, start=1):
        stands = f"{standing(each, rank, len(here), env_steps)}; {rule}"
        if rank <= len(here) - copying:
            made.append(Decision(*place(each), "continue", stands))
            continue
        drawn = seeding.generator(seed, "parent", *place(each)).integers(len(parents))
        parent, score = parents[int(drawn)]
        reason = f"{stands}, here trial {parent} with {number(score)}"
        made.append(Decision(*place(each), "copy", reason, parent))
    return made


def _rule(copying: int, parents: int) -> str:
    if not copying:
        return "nobody is there to be copied"
    worst = "the worst copies" if copying == 1 else f"the worst {copying} copy"
    return f"{worst} the best{f' {parents}' if parents > 1 else ''}"
