"""docs/experiments_results.md: the rows as their documents tell them."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.experiments import results, rows
from benchmarks.experiments.results import FOLDER, Outcome, Results
from benchmarks.experiments.rows import Row
from benchmarks.intervals import of_mean
from faastraingym.events.views.phrases import configuration

HEAD = """# What samplers and schedulers gain

Whole [experiments](experiments.md), each beside another way to search the same space, measured by
`.venv/bin/python -m benchmarks.experiments`. Every row is [a file in
benchmarks/experiments/](../benchmarks/experiments), an experiment as `faastrain train` takes it;
`python -m benchmarks.experiments ROW` runs that row. What docs/results/experiments/ has is not run
again.

- Trials, decisions and trainings are those of a stack, without one: one process for each
  experiment. Where a decision depends on the order in which runs report, that is the order of runs
  that all go at the same number of steps per second.
- *best return* is the score of the best trial, by which it was chosen, and so is flattered.
  *trained again* is its configuration's mean return with other seeds, with Student's interval of
  95 %.
"""
TITLES = (
    "| arm | sampler's seed | trials | steps | steps, share | best return | trained again | best |"
)


def write(folder: Path = FOLDER) -> Path:
    """The page, in docs."""
    found = [(row, results.of(row, folder)) for row in map(rows.named, rows.names())]
    file = folder.parents[1] / "experiments_results.md"
    file.write_text(markdown(found))
    return file


def markdown(found: Sequence[tuple[Row, Results]]) -> str:
    """The page's text."""
    lines = [HEAD]
    for row, known in found:
        lines += [f"## [{row.name}](../benchmarks/experiments/{row.file.name})", ""]
        lines += [row.question.asks, ""]
        lines += table(row, known) if known.outcomes else ["Not run."]
        lines.append("")
    return "\n".join(lines)


def table(row: Row, known: Results) -> list[str]:
    """A line for each experiment, then what the arms are beside the first."""
    first, *others = row.question.arms
    made = [TITLES, "| " + "--- | " * TITLES.count(" |")]
    made += [line(row, each, whole(known, first, each)) for each in known.outcomes]
    told = [beside(known, arm, first) for arm in others if known.beside(arm, first)]
    missing = len(row.work) - len(known.outcomes)
    return [
        *(part.rstrip() for part in made),
        "",
        *told,
        *([f"- {missing} of {len(row.work)} experiments were not run."] if missing else []),
    ]


def whole(known: Results, first: str, one: Outcome) -> int | None:
    """The steps of the first arm's experiment with the same seed."""
    return next((each.env_steps for each in known.of(first) if each.seed == one.seed), None)


def line(row: Row, one: Outcome, steps: int | None) -> str:
    """One line of the table."""
    values = (
        one.arm,
        str(one.seed),
        str(one.trials),
        f"{one.env_steps:,}",
        "" if steps is None else f"{one.env_steps / steps:.0%}",
        f"{one.score:.1f}",
        again(one),
        configuration(one.settings),
    )
    return f"| {' | '.join(values)} |"


def again(one: Outcome) -> str:
    """The mean with other seeds, and its interval."""
    if not one.again:
        return ""
    mean, half = of_mean(one.again)
    return f"{mean:.1f} ± {half:.1f}" if len(one.again) > 1 else f"{mean:.1f}"


def beside(known: Results, arm: str, first: str) -> str:
    """How an arm came off beside the first, by the scores of the best trials."""
    pairs = known.beside(arm, first)
    better = sum(mine.score > other.score for mine, other in pairs)
    equal = sum(mine.score == other.score for mine, other in pairs)
    share = sum(a.env_steps for a, _ in pairs) / sum(b.env_steps for _, b in pairs)
    return (
        f"- {arm} beside {first}: a higher best return in {better} of {len(pairs)}, an equal one "
        f"in {equal}, with {share:.0%} of the steps."
    )
