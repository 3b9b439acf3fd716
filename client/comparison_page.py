"""Compared runs as a page that needs no network: tables, and charts with plotly's code in it."""

from collections.abc import Iterator
from html import escape

from faastraingym import __version__
from faastraingym.client import comparison_charts as charts
from faastraingym.client import comparison_decisions as decisions
from faastraingym.client import comparison_settings as settings
from faastraingym.client.comparison_films import NO_FILMS, Films, section
from faastraingym.client.comparison_html import chart, folded, par, row, table
from faastraingym.client.comparison_rows import counted, label, ordered, short, words
from faastraingym.client.errors import StackTrouble
from faastraingym.schemas.comparison import (
    ComparedRun,
    ComparisonReport,
    Configuration,
    Estimate,
    Spending,
)

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 1250px; padding: 1rem; background: #fff; color: #1a1a1a;
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p { margin: .4rem 0; max-width: 75ch; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #e3e3e3; }
th { border-bottom-color: #1a1a1a; vertical-align: bottom; white-space: normal; }
.grid > div { min-width: 0; }
td:first-child, th:first-child { position: sticky; left: 0; background: #fff; text-align: left; }
.best { font-weight: 600; }
.small { color: #595959; font-weight: 400; }
.dot { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .4em; }
.tall { max-height: 30rem; overflow: auto; }
.tall th { position: sticky; top: 0; background: #fff; z-index: 1; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); }
summary { cursor: pointer; }
figure { margin: .6rem 1rem .6rem 0; } video, img { max-width: 100%; }
.told th:last-child, .told td:last-child { min-width: 10rem; max-width: 40rem; text-align: left;
  white-space: normal; }
@media (max-width: 600px) {
  .told table, .told tbody { display: block; }
  .told tr { display: grid; grid-template-columns: repeat(auto-fit, minmax(4rem, 1fr));
    border-bottom: 1px solid #e3e3e3; }
  .told th, .told td { border-bottom: 0; }
  .told th:last-child, .told td:last-child { grid-column: 1 / -1; padding-top: 0; }
}
"""
# A chart takes the width that its place had when the page was half read.
RESIZED = '<script>window.dispatchEvent(new Event("resize"))</script>'
GB_SECONDS = "GB\u2011s"  # never broken at its hyphen
DIMENSION = 110  # pixels that an axis of parallel coordinates needs


def page(report: ComparisonReport, films: Films = NO_FILMS) -> str:
    """The whole HTML document; `films` are recorded episodes of the runs.

    Raises:
        StackTrouble: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise StackTrouble(
            'the page needs plotly; `pip install "faastraingym[experiments]"`'
        ) from error
    title = escape(f"{report.environment}: {_count(report)}")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body><h1>{title}</h1>\n"
        + "\n".join([*_sections(report), section(films)])
        + f'\n<p class="small">FaaSTrainGym {__version__}</p>{RESIZED}</body></html>\n'
    )


def _sections(report: ComparisonReport) -> Iterator[str]:
    yield from _opening(report)
    yield "<h2>Configurations</h2>"
    yield _configurations(report)
    yield par(
        "Mean and interquartile mean of the runs' scores, with the interval of 95 % over seeds by "
        "the stratified bootstrap. A score is the mean return of a run's last evaluation. "
        f"Charts show the {len(charts.colours(report))} best in colour, by their numbers."
    )
    yield "<h2>Learning curves</h2>"
    yield chart("learning", charts.learning(report))
    yield "<h2>Performance profile</h2>"
    yield par("The interval is of the best configuration alone.")
    yield chart("profile", charts.profile(report))
    yield "<h2>Cost and return</h2>"
    yield chart("cost", charts.cost(report))
    if report.settings:
        yield from _settings(report)
    yield from decisions.sections(report)
    yield "<h2>Runs</h2>"
    yield folded(f"{len(report.runs)} runs", _runs(report))


def _opening(report: ComparisonReport) -> Iterator[str]:
    best = report.configurations[report.best]
    named = "" if len(report.configurations) == 1 else f" by configuration {best.number}"
    told = f"The highest mean score is {_shown(best.mean)}{named} ({label(best)})."
    if report.target is not None:
        told += f" The target is {report.target:g}; {best.reached} of {len(best.runs)} reached it."
    yield par(told)
    yield from map(par, report.remarks)


def _settings(report: ComparisonReport) -> Iterator[str]:
    yield "<h2>Settings</h2>"
    if report.importance.shares:
        yield chart("importance", settings.importance(report))
    yield par(f"Importance: {report.importance.method}.")
    least = DIMENSION * (len(report.settings) + 1)
    yield f'<div class="wide"><div style="min-width:{least}px">'
    yield chart("parallel", settings.parallel(report)) + "</div></div>"
    yield '<div class="grid">'
    for number, (_, figure) in enumerate(settings.slices(report)):
        yield f"<div>{chart(f'slice-{number}', figure)}</div>"
    yield "</div>"


def _configurations(report: ComparisonReport) -> str:
    shown = charts.colours(report)
    head = ["", *(short(path, report.settings) for path in report.settings)]
    head += ["runs", "mean", "IQM", "P(best is better)", *_of_target(report)]
    head += ["steps", "seconds", GB_SECONDS]
    rows = []
    for one in ordered(report):
        colour = shown.get(one.number, charts.GREY)
        dot = f'<span class="dot" style="background:{colour}"></span>{one.number}'
        own = [escape(_setting(one, path)) for path in report.settings]
        cells = [dot, *own, counted(one), _cell(one.mean), _value(one.interquartile_mean)]
        cells += [_cell(one.improved_by_best, "{:.2f}")]
        if report.target is not None:
            cells += [_value(one.optimality_gap), f"{one.reached}", *_spent(one.to_target)]
        rows.append(row([*cells, *_spent(one.spent)], "best" if one.number == report.best else ""))
    return table(head, rows)


def _of_target(report: ComparisonReport) -> list[str]:
    if report.target is None:
        return []
    return ["optimality gap", "reached", *(f"{of} to target" for of in ("steps", "s", GB_SECONDS))]


def _runs(report: ComparisonReport) -> str:
    head = [
        "run",
        "configuration",
        "seed",
        "status",
        "score",
        "steps",
        "seconds",
        GB_SECONDS,
        "SHA-256",
    ]
    return table(head, [row(_of_run(run)) for run in report.runs])


def _of_run(run: ComparedRun) -> list[str]:
    told = [run.run_id, f"{run.configuration}", f"{run.seed}", run.status]
    score = "" if run.score is None else f"{run.score:.2f}"
    return [escape(cell) for cell in (*told, score, *_spent(run.spent), run.sha256[:12])]


def _setting(one: Configuration, path: str) -> str:
    return words(one.settings[path]) if path in one.settings else ""


def _spent(spent: Spending | None) -> list[str]:
    if spent is None:
        return ["", "", ""]
    return [f"{spent.env_steps:,.0f}", f"{spent.seconds:,.1f}", f"{spent.gb_seconds:,.1f}"]


def _shown(found: Estimate | None, form: str = "{:.1f}") -> str:
    if found is None:
        return ""
    value = form.format(found.value)
    if found.low is None or found.high is None:
        return value
    return f"{value} [{form.format(found.low)}, {form.format(found.high)}]"


def _value(found: Estimate | None) -> str:
    return "" if found is None else f"{found.value:.1f}"


def _cell(found: Estimate | None, form: str = "{:.1f}") -> str:
    value, _, interval = _shown(found, form).partition(" ")
    return f'{value} <span class="small">{interval}</span>' if interval else value


def _count(report: ComparisonReport) -> str:
    runs, many = len(report.runs), len(report.configurations)
    return f"{runs} runs of {many} configuration{'s' if many > 1 else ''}"
