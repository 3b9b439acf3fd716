"""A row's learning curve as an SVG: the mean over its seeds, and the interval of 95 %."""

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmarks.intervals import of_mean
from benchmarks.learn.results import Results, Seed

SIZE = (6, 3.4)  # inches
POINTS = 60  # at most, of the mean's line
PLAIN = {"svg.fonttype": "none", "svg.hashsalt": "learn", "path.simplify": True}


def grid(seeds: Sequence[Seed]) -> np.ndarray:
    """Steps [N] at which every seed has a value: from the last first point to the first last."""
    begin = max(seed.curve[0].env_steps for seed in seeds)
    end = min(seed.curve[-1].env_steps for seed in seeds)
    return np.linspace(begin, end, min(POINTS, max(len(seed.curve) for seed in seeds)))


def curves(seeds: Sequence[Seed], steps: np.ndarray) -> np.ndarray:
    """Mean returns, [seeds, N]: straight lines between the evaluations."""
    return np.array(
        [
            np.interp(steps, [p.env_steps for p in seed.curve], [p.return_mean for p in seed.curve])
            for seed in seeds
        ]
    )


def draw(title: str, results: Results) -> bytes:
    """The picture; equal results give equal bytes."""
    steps = grid(results.seeds)
    each = curves(results.seeds, steps)
    intervals = [of_mean(column) for column in each.T]
    mean, half = np.array(intervals).T
    with matplotlib.rc_context(PLAIN):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.plot(steps, each.T, color="0.8", linewidth=0.8)
        if len(each) > 1:
            axes.fill_between(steps, mean - half, mean + half, alpha=0.25, color="tab:blue")
        axes.plot(steps, mean, color="tab:blue", label=f"mean of {len(each)} seeds, 95 %")
        axes.axhline(results.goal.goal, color="tab:green", linestyle="--", label="goal")
        axes.set(xlabel="environment steps", ylabel="mean evaluation return", title=title)
        axes.grid(alpha=0.3)
        axes.legend(loc="best", fontsize="small")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
