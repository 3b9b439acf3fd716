"""Whether a run does not learn, and what usually helps then: pure; docs/stuck.md has the table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from faastraingym.algorithms import registry
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.report import CurvePoint
from faastraingym.schemas.specification import RunSpec

BOTH = ("Discrete", "Box")
CHOICES = {"Discrete", "MultiDiscrete", "MultiBinary"}  # of actions that are no Box
SHARE = 0.5  # of the budget, over which the return has not risen
PARTS = 4  # of that stretch, whose means are compared
FEWEST = 4  # points of a curve that tell anything
SIGMAS, RELATIVE = 3.0, 0.05  # a rise is more than both: standard errors, and of the level before


class Hint(NamedTuple):
    """What helps while a setting is not yet so; `value` is what to try."""

    setting: str
    value: Any
    so: Literal["at least", "at most", "is", "has"]  # has: a reward transform of that kind
    why: str
    actions: tuple[str, ...] = BOTH
    sparse: bool = False  # only where all returns were the same


HINTS = (
    Hint("reward", "potential", "has", "no episode found a better return, so there is nothing to"
         " learn from; a potential rewards the way to the goal", sparse=True),
    Hint("algorithm.normalize_observations", True, "is", "observations of unlike sizes hide what"
         " matters from the network"),
    Hint("algorithm.ent_coef", 0.01, "at least", "the policy settles on one action before it has"
         " seen another do better", actions=("Discrete",)),
    Hint("algorithm.log_std_init", 0.0, "at least", "actions that vary little explore little",
         actions=("Box",)),
    Hint("reward", "normalize", "has", "returns in the hundreds swamp the policy in the loss",
         actions=("Box",)),
    Hint("algorithm.learning_rate", 1e-3, "at most", "steps that large undo what was learnt"),
    Hint("environment.num_envs", 8, "at least", "more environments at once see more of the task"),
)  # fmt: skip


def advice(
    spec: Mapping[str, Any],
    actions: str,
    training: Sequence[CurvePoint],
    evaluations: Sequence[CurvePoint],
) -> list[str]:
    """A sentence that says since when the return has not risen, and one for each hint; or none.

    Args:
        spec: the raw specification, with the stop of the newest segment.
        actions: the kind of its action space, `Discrete` or `Box`, as far as its metrics tell: an
            algorithm that acts in no other has a Box.
        training: mean returns of batches, in the order of steps.
        evaluations: mean returns of evaluations, in the order of steps.
    """
    try:
        parsed = registry.parse(spec)
    except SpecificationError:
        return []
    curves = [curve for curve in (training, evaluations) if len(curve) >= FEWEST]
    if not curves or any(_rose(curve, parsed) for curve in curves):
        return []
    if not CHOICES.intersection(registry.rules(parsed).ACTIONS):
        actions = "Box"
    returns = [point.return_mean for point in curves[0]]
    sparse = max(returns) == min(returns)
    hints = [_words(hint) for hint in HINTS if _applies(hint, parsed, actions, sparse)]
    return [_since(curves[0], parsed), *hints]


def _rose(curve: Sequence[CurvePoint], spec: RunSpec) -> bool:
    """Whether the return rose over the last half of the budget, or there is no telling yet.

    Without a target a run that rose earlier may have learnt all there is; so it is asked whether
    it ever did.
    """
    stretch = spec.stop.env_steps * SHARE
    part = stretch / PARTS
    begin = curve[-1].env_steps - stretch
    if begin < -part:
        return True
    ordered = [[float(p.return_mean) for p in points] for points in _parts(curve, begin, part)]
    before, later = ordered[:-PARTS], ordered[-PARTS:]
    if spec.stop.target is None or not before:
        before, later = ordered[:1], ordered[1:]
    return any(all(_above(found, earlier) for earlier in before) for found in later)


def _parts(curve: Sequence[CurvePoint], begin: float, part: float) -> Iterator[list[CurvePoint]]:
    """Points by equal stretches of steps, PARTS of them after `begin`."""
    found: dict[int, list[CurvePoint]] = {}
    for point in curve:
        found.setdefault(math.ceil((point.env_steps - begin) / part), []).append(point)
    return (found[number] for number in sorted(found))


def _above(found: Sequence[float], before: Sequence[float]) -> bool:
    """Whether returns are higher by more than chance and a trifle."""
    (mean, error), (level, noise) = _mean(found), _mean(before)
    return mean - level > max(SIGMAS * math.hypot(error, noise), RELATIVE * abs(level))


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """With its standard error; that of one value is not known, and counts as none."""
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / max(1, len(values) - 1) / len(values))


def _since(curve: Sequence[CurvePoint], spec: RunSpec) -> str:
    budget, last = spec.stop.env_steps, curve[-1].env_steps
    recent = [p.return_mean for p in curve if p.env_steps > last - budget * SHARE]
    wanted = "" if spec.stop.target is None else f", target {spec.stop.target:g}"
    return (
        f"the return has not risen over {min(last, budget * SHARE):,.0f} of {budget:,} steps "
        f"(mean {_mean(recent)[0]:.1f}{wanted}); docs/stuck.md says what usually helps"
    )


def _applies(hint: Hint, spec: RunSpec, actions: str, sparse: bool) -> bool:
    if actions not in hint.actions or (hint.sparse and not sparse):
        return False
    found: Any = spec
    for name in hint.setting.split("."):
        if name not in found.__struct_fields__:
            return False  # a setting of other algorithms
        found = getattr(found, name)
    match hint.so:
        case "at least":
            return _is_number(found) and found < hint.value
        case "at most":
            return _is_number(found) and found > hint.value
        case "is":
            return bool(found != hint.value)
    return hint.value not in [transform.__struct_config__.tag for transform in found]


def _is_number(found: Any) -> bool:
    """Not of a setting that is learnt, as SAC's ent_coef, or not given."""
    return isinstance(found, int | float)


def _words(hint: Hint) -> str:
    return f"try {change(hint)}: {hint.why}"


def change(hint: Hint) -> str:
    """What to write."""
    if hint.so == "has":
        return f'[[reward]] kind = "{hint.value}"'
    return f"--set {hint.setting}={str(hint.value).lower()}"
