"""check: whether a run or an experiment could be started, and what it would be."""

import json
from argparse import Namespace
from typing import Any

import msgspec

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import space, specification
from faastraingym.cli.context import Context
from faastraingym.cli.interrupts import NOTHING, leaving
from faastraingym.client import composing, experiment_checks, loop, remedies, specifications
from faastraingym.client.experiment_checks import Checked
from faastraingym.client.specifications import Composed
from faastraingym.schemas.specification import PolicySpec, RunSpec, to_dict

MOST = 10  # configurations that are listed


def check(arguments: Namespace, context: Context) -> None:
    """Check a specification as a start does, and start nothing."""
    named = composing.named(arguments.spec)
    raw = specifications.override(named.raw, arguments.overrides)
    composed = named._replace(raw=raw, form=remedies.option)
    with leaving(NOTHING):
        if specification.is_experiment(raw):
            _experiment(composed._replace(form=None), arguments.json, context)
        else:
            change = "`--set KEY=VALUE` changes that"
            _run(composing.budgeted(composed, change), arguments.json, context)


def _run(composed: Composed, as_json: bool, context: Context) -> None:
    prepared = loop.run(context.client.aio.prepare(composed))
    spec = prepared.spec
    if as_json:
        document = {"kind": "run", "runs": 1, "env_steps": spec.stop.env_steps}
        context.screen.json({**document, "spec": to_dict(spec)})
    else:
        context.screen.line(f"{composed.origin}: {_of_run(spec)}")
    _remark(prepared.advice, context)


def _of_run(spec: RunSpec) -> str:
    where = spec.environment.id
    if isinstance(spec.evaluate, PolicySpec):
        played = spec.evaluation.episodes
        return f"an evaluation of {spec.evaluate.policy}: {played:,} episodes of {where}"
    steps = spec.stop.env_steps
    return f"a run of {registry.name(spec)} in {where}, at most {steps:,} environment steps"


def _experiment(composed: Composed, as_json: bool, context: Context) -> None:
    checked = loop.run(experiment_checks.check(context.client.aio, composed))
    spec, lacking = checked.spec, experiment_checks.installed(checked.spec)
    total = space.trials(spec)
    shown = [] if lacking else experiment_checks.first(spec, MOST)
    if as_json:
        context.screen.json(_document(checked, shown))
    else:
        context.screen.line(
            f"{composed.origin}: an experiment of {total:,} configurations, {checked.runs:,} runs,"
            f" at most {checked.env_steps:,} environment steps in all"
        )
        _table(checked, shown, context)
        if len(shown) < total:
            context.screen.line(f"and {total - len(shown):,} other configurations")
    _remark((*checked.advice, experiment_checks.doubts(spec, shown), lacking), context)


def _document(checked: Checked, shown: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": "experiment",
        "configurations": space.trials(checked.spec),
        "runs": checked.runs,
        "env_steps": checked.env_steps,
        "first": shown,
        "spec": msgspec.to_builtins(checked.spec),
    }


def _table(checked: Checked, shown: list[dict[str, Any]], context: Context) -> None:
    """A column for each setting; a dash where a configuration has none."""
    paths = list(checked.spec.space)
    rows = [
        (str(trial), *(_cell(settings[path]) if path in settings else "-" for path in paths))
        for trial, settings in enumerate(shown)
    ]
    if rows:
        context.screen.table(("TRIAL", *paths), rows, numbers=("TRIAL",))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def _remark(advice: tuple[str, ...], context: Context) -> None:
    for remark in filter(None, advice):
        context.screen.remark(f"faastrain: {remark}")
