"""The page of compared runs: whole, without a network, and safe whatever a specification says."""

import asyncio
import re
import subprocess
import sys
from html.parser import HTMLParser

import plotly.graph_objects
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs

from faastraingym.client import comparison_charts as charts
from faastraingym.client import comparison_lineage as lineage
from faastraingym.client import comparison_settings as settings
from faastraingym.client.client import Client
from faastraingym.client.comparison_page import page
from faastraingym.client.importance import weigh
from faastraingym.events.views.comparison import build
from faastraingym.events.views.groups import grouped
from faastraingym.schemas.comparison import ComparisonReport, Spending
from tests.client.compared import put_population
from tests.client.memory import Stack
from tests.events.views.compared import report, spec

HOSTILE = "</script><script>alert(1)</script>"
POINTS = st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def compared() -> ComparisonReport:
    """Five configurations of two seeds, one of which failed, with settings of every kind."""
    rates = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    reports = [
        report(
            f"r{n}-{seed}",
            spec(seed, 8.0, learning_rate=rate, hidden_sizes=[8] * (1 + n % 2)),
            (1.0, float(n + seed)),
            status="failed" if (n, seed) == (4, 2) else "completed",
            cost=10.0 - n,
        )
        for n, rate in enumerate(rates)
        for seed in (1, 2)
    ]
    told = {"r0-1": Spending(env_steps=1, seconds=1.0, gb_seconds=1.0)}
    return build(grouped(reports), 8.0, told, weigh)


class Loaded(HTMLParser):
    """What a browser would load, and the text that it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str | None] = []
        self.shown = ""
        self.scripts = 0
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset")]
        self.scripts += tag == "script"
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.shown += "" if self._hidden else data


def test_the_page_loads_nothing(compared: ComparisonReport) -> None:
    """Its code is in it."""
    text = page(compared)
    assert get_plotlyjs() in text
    assert Loaded(text.replace(get_plotlyjs(), "")).loads == []


def test_it_shows_every_configuration_run_and_remark(compared: ComparisonReport) -> None:
    shown = Loaded(page(compared).replace(get_plotlyjs(), "")).shown
    assert "CartPole-v1: 10 runs of 5 configurations" in shown
    assert all(run.run_id in shown for run in compared.runs)
    assert all(remark in shown for remark in compared.remarks)
    assert compared.importance.method in shown


def test_the_same_runs_have_the_same_page(compared: ComparisonReport) -> None:
    assert page(compared) == page(compared)


def test_a_setting_is_text_and_nothing_else() -> None:
    """As it may come from anybody who may start runs."""
    reports = [
        report(
            f"r{n}",
            {**spec(n), "environment": {"id": "CartPole-v1", "kwargs": {"k": text}}},
            (1.0,),
        )
        for n, text in enumerate(("plain", HOSTILE))
    ]
    text = page(build(grouped(reports), None, {}, weigh)).replace(get_plotlyjs(), "")
    plain = page(
        build(grouped([reports[0], report("x", spec(3, gamma=0.5), (1.0,))]), None, {}, weigh)
    )
    assert HOSTILE not in text
    assert "<script>alert" not in text
    assert HOSTILE in Loaded(text).shown
    assert Loaded(text).scripts <= Loaded(plain.replace(get_plotlyjs(), "")).scripts + 2


@pytest.fixture
def population(client: Client, stack: Stack) -> ComparisonReport:
    """Of two trials, and a copy of the better one."""
    return client.compare([asyncio.run(put_population(stack))]).report


def test_a_population_has_its_lineage_as_a_chart_and_as_a_table(
    population: ComparisonReport,
) -> None:
    """Lines at two places; the copy is in trial 0's, and its line comes out of trial 1's."""
    (trials,) = lineage.populations(population).values()
    figure = lineage.lineage(trials)
    lines = [trace for trace in figure.data if trace.text]
    assert [(trace.text[0], list(trace.y)) for trace in lines] == [
        ("0", [0, 0]),
        ("1", [1, 1]),
        ("2", [0, 0]),
    ]
    (branch,) = [trace for trace in figure.data if trace.mode == "lines"]
    assert list(branch.y) == [1, 0]
    assert branch.x[0] == 200 < branch.x[1] == lines[2].x[0] < lines[2].x[1] == 400
    assert [trace.line.width for trace in lines] == [3, 6, 3]
    assert lineage.line_of_best(trials) == [1]
    shown = Loaded(page(population).replace(get_plotlyjs(), "")).shown
    assert "Lineage of x" in shown
    assert "1 copy" in shown
    assert next(lineage.changes(trials[2])) in shown


def test_decisions_are_a_table_with_reasons(population: ComparisonReport) -> None:
    shown = Loaded(page(population).replace(get_plotlyjs(), "")).shown
    assert "In the order in which they were made: 1 continue, 1 copy, 2 stop." in shown
    assert all(one.reason in shown for one in population.decisions)


def test_runs_alone_have_neither(compared: ComparisonReport) -> None:
    shown = Loaded(page(compared).replace(get_plotlyjs(), "")).shown
    assert "Lineage" not in shown
    assert "Decisions" not in shown


def test_one_configuration_has_a_page_without_settings() -> None:
    reports = [report(f"r{seed}", spec(seed), (1.0, 2.0 + seed)) for seed in (1, 2)]
    text = page(build(grouped(reports), None, {}, weigh)).replace(get_plotlyjs(), "")
    assert "2 runs of 1 configuration<" in text
    assert "Settings" not in Loaded(text).shown


def test_learning_curves_have_intervals_and_the_target(compared: ComparisonReport) -> None:
    figure = charts.learning(compared)
    best = next(trace for trace in figure.data if trace.name == str(compared.best))
    assert list(best.x) == [100, 200]
    assert list(best.y) == [1.0, 4.5]
    bands = [trace for trace in figure.data if trace.fill == "tonexty"]
    assert len(bands) == 4  # the fifth has one run
    assert figure.layout.shapes[0].y0 == 8.0


def test_a_profile_starts_with_all_runs_and_ends_with_none(compared: ComparisonReport) -> None:
    lines = [trace for trace in charts.profile(compared).data if trace.name]
    assert len(lines) == 5
    assert {(trace.y[0], trace.y[-1]) for trace in lines} == {(1.0, 0.0)}


def test_the_best_are_in_colour_and_first(compared: ComparisonReport) -> None:
    """A configuration that is not whole comes after the best one, by its mean."""
    assert [one.number for one in charts.ranked(compared)] == [3, 4, 2, 1, 0]
    assert len(set(charts.colours(compared).values())) == 5


@given(POINTS)
def test_the_front_is_what_nothing_beats(points: list[tuple[float, float]]) -> None:
    front = charts.pareto(points)
    for cost, found in points:
        assert any(points[i][0] <= cost and points[i][1] >= found for i in front)
    for i in front:
        assert not any(c <= points[i][0] and r > points[i][1] for c, r in points)
    assert [points[i][0] for i in front] == sorted(points[i][0] for i in front)


def test_each_setting_is_an_axis_and_a_slice(compared: ComparisonReport) -> None:
    """Wide numbers by their logarithms, lists as categories."""
    rate, sizes, last = settings.parallel(compared).data[0].dimensions
    assert rate.label == "learning_rate"
    assert list(rate.values) == [-4.0, -3.0, -2.0, 0.0, -1.0]
    assert list(rate.ticktext) == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert list(sizes.ticktext) == ["[8,8]", "[8]"]
    assert list(last.values) == [1.5, 2.5, 3.5, 5.0, 4.5]
    slices = dict(settings.slices(compared))
    assert list(slices) == ["algorithm.learning_rate", "algorithm.hidden_sizes"]
    assert slices["algorithm.learning_rate"].layout.xaxis.type == "log"
    assert slices["algorithm.hidden_sizes"].layout.xaxis.type == "category"


def test_many_wide_values_have_ticks_at_their_ends_and_at_powers_of_ten() -> None:
    """None lies beyond the axis."""
    rates = [2e-5 * 2**i for i in range(9)]
    reports = [
        report(f"r{i}", spec(learning_rate=rate), (float(i),)) for i, rate in enumerate(rates)
    ]
    found = build(grouped(reports), None, {}, weigh)
    rate = settings.parallel(found).data[0].dimensions[0]
    assert list(rate.ticktext) == ["2e-05", "0.0001", "0.001", "0.00512"]
    assert min(rate.tickvals) >= min(rate.values)
    assert max(rate.tickvals) <= max(rate.values)


def test_importance_is_drawn_from_the_greatest_down(compared: ComparisonReport) -> None:
    (bars,) = settings.importance(compared).data
    assert isinstance(bars, plotly.graph_objects.Bar)
    assert list(bars.x) == sorted(bars.x)  # a bar chart begins at its bottom
    assert sum(bars.x) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("package", "code", "said"),
    [
        ("plotly", "from faastraingym.client.comparison_page import page; page(None)", "plotly"),
        (
            "optuna",
            "from faastraingym.client.importance import weigh; "
            "from faastraingym.events.views.comparison import Weighed; "
            "raise SystemExit(weigh([Weighed({'a': i}, i) for i in range(4)]).method)",
            "Optuna",
        ),
    ],
)
def test_without_the_extra_its_name_is_told(package: str, code: str, said: str) -> None:
    prelude = f"import sys; sys.modules[{package!r}] = None; "
    done = subprocess.run([sys.executable, "-c", prelude + code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert said in last
    assert 'pip install "faastraingym[experiments]"' in last


def test_a_comparison_needs_neither_plotly_nor_optuna_before_they_are_used() -> None:
    code = (
        "import sys, faastraingym.client.comparing, faastraingym.cli.commands.compare; "
        "print({'plotly', 'optuna', 'pandas', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"set\(\)\n", done.stdout)
