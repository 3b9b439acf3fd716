"""best: an experiment's best trial, and its policy as a model."""

from argparse import Namespace

import msgspec

from faastraingym.cli.commands.models import registered
from faastraingym.cli.context import Context
from faastraingym.client import loop
from faastraingym.events.views.phrases import configuration


def best(arguments: Namespace, context: Context) -> None:
    """Print the best trial as it stands; register the policy of its best run as a model."""
    client = context.client
    found = loop.run(client.aio.experiment(arguments.experiment).best())
    model = arguments.register
    made = None if model is None else client.models.register(model, found.run)
    if arguments.json:
        context.screen.json({**msgspec.to_builtins(found), "registered": made})
        return
    scores = ", ".join(f"{run} {score:.2f}" for run, score in found.scores.items())
    for name, value in (
        ("experiment", found.experiment_id),
        ("best", f"trial {found.trial}, return {found.score:.2f}"),
        ("configuration", configuration(found.settings)),
        ("runs", scores),
        ("best run", f"{found.run}, return {found.scores[found.run]:.2f}"),
    ):
        context.screen.line(f"{name}: {value}")
    if made:
        context.screen.line(registered(made))
