"""docs/results.md: the rows as their documents tell them, and those that were not run."""

import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.learn import pictures, results, rows
from benchmarks.learn.results import Results
from benchmarks.learn.rows import Goal, Row
from faastraingym.algorithms import registry

HEAD = """# Results

What each algorithm reaches, measured by `make learn`. Every row is one specification, [a file in
benchmarks/learn/](../benchmarks/learn). `make learn LEARN=ppo_cartpole` runs that row, and with
`SEEDS=3` its first three seeds. Seeds that docs/results/ has are not run again, so the same command
goes on where it was cut off.

- A seed is trained to the end of its budget, and then plays 100 deterministic episodes. *mean* is
  the mean of the seeds' mean returns, with Student's interval of 95 %.
- *goal* is what the mean shall be at least. A row that does not reach it is shown as it is.
- *time* is that of one seed on one core, compilation and evaluations included: the median.
- *lag* is the mean number of updates between the policy that acted and the one that learnt.
- `make learn` trains a seed in one process without a stack, which is cheaper. The last command of a
  row trains the same policy on a stack: on the same processor and packages it has the SHA-256 that
  the row's JSON file has. That file also has every episode's return, the machine and the versions.
- A row whose environment is a file's trains that file as it is: its SHA-256 is in the row's JSON
  file, and seeds of another version do not count.
- The rows were run on several machines and under several loads: do not compare their times.
"""
TITLES = "| row | yardstick | goal | mean, 95 % | seeds | | steps | time | lag | repeat a seed |"


def write(folder: Path = results.FOLDER) -> Path:
    """The page, which lies beside the folder, and in it a picture for each row that was run."""
    found = [(row, results.of(row, folder)) for row in map(rows.named, rows.names())]
    for row, result in found:
        if result.seeds:
            (folder / f"{row.name}.svg").write_bytes(pictures.draw(title(row), result))
    file = folder.with_suffix(".md")
    file.write_text(markdown(found))
    return file


def markdown(found: Sequence[tuple[Row, Results]]) -> str:
    """The page's text."""
    lines = [HEAD, "", TITLES, "| " + "--- | " * TITLES.count(" |")]
    lines += [line(row, result) for row, result in found]
    for row, result in found:
        if result.seeds:
            lines += ["", f"## {title(row)}", "", f"![Learning curve](results/{row.name}.svg)"]
            lines += ["", row.goal.tried] if row.goal.tried else []
    return "\n".join(line.rstrip() for line in lines) + "\n"


def title(row: Row) -> str:
    """The row in words."""
    spec = row.spec(0)
    environment = spec.environment.id.rpartition(":")[2]  # without the module of a file's
    return f"{row.name}: {registry.name(spec).upper()} on {environment}"


def line(row: Row, result: Results) -> str:
    """One line of the table."""
    file = f"benchmarks/learn/{row.name}.toml"
    named = f"[{row.name}](../{file})"
    aim = [named, row.goal.yardstick, number(row.goal.goal, row.goal)]
    if not result.seeds:
        return cells(*aim, "-", f"0 of {row.goal.seeds}", "not run", "", "", "", "")
    seeds = result.seeds
    middle = sorted(seed.seconds for seed in seeds)[len(seeds) // 2]
    staleness = sum(seed.staleness for seed in seeds) / len(seeds)
    return cells(
        *aim,
        shown(result),
        f"{len(seeds)} of {row.goal.seeds}",
        verdict(result),
        f"{max(seed.env_steps for seed in seeds):,}",
        f"{middle:,.0f} s",
        f"{staleness:.1f}" if staleness else "0",
        f"`{registering(row)}faastrain train {file} --set seed={seeds[0].seed}`",
    )


def verdict(result: Results) -> str:
    """Whether the goal is reached, as far as the seeds tell that were run."""
    so_far = "so far " if len(result.seeds) < result.goal.seeds else ""
    return f"{so_far}{'reached' if result.reached else 'not reached'}"


def registering(row: Row) -> str:
    """What a shell is told of the modules that register the row's environment."""
    modules = row.goal.modules
    return f"FTG_ENVIRONMENTS={','.join(modules)} " if modules else ""


def shown(result: Results) -> str:
    """The mean, and the interval's half width where it is known."""
    mean, half = (number(value, result.goal) for value in result.interval)
    return mean if math.isnan(result.interval.half_width) else f"{mean} ± {half}"


def cells(*values: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(values)} |"


def number(value: float, goal: Goal) -> str:
    """A return, as people read it."""
    return f"{value:,.{goal.decimals}f}"
