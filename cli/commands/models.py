"""models list, show, register, promote, rollback, ...: policies that are kept."""

from argparse import Namespace
from pathlib import Path

import msgspec

from faastraingym.cli.commands import training
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import composing, loop, run_ids
from faastraingym.client.async_models import MOST_EPISODES, PROBABILITY, Model, Promoted
from faastraingym.client.errors import BadInput
from faastraingym.events.views.phrases import timestamp
from faastraingym.schemas import models
from faastraingym.schemas.errors import ModelError
from faastraingym.schemas.models import Canary, ModelVersion

HEAD = ("MODEL", "VERSIONS", "RETURN", "ENVIRONMENT", "ALIASES")
VERSIONS = ("VERSION", "RETURN", "LOW", "HIGH", "EPISODES", "RUN", "REGISTERED", "ALIASES")
MOVES = ("ALIAS", "MOVE", "VERSION", "BEFORE", "AT", "BY")
TRIGGERS = ("ALIAS", "TRIGGER", "BEGINS WITH")
NUMBERS = ("VERSIONS", "VERSION", "RETURN", "LOW", "HIGH", "EPISODES", "MOVE", "BEFORE")


def list_models(arguments: Namespace, context: Context) -> None:
    """Print the models by name; the return is the newest version's."""
    found = context.client.models.list()
    if arguments.json:
        context.screen.json([_brief(model) for model in found])
    else:
        context.screen.table(HEAD, [_cells(model) for model in found], NUMBERS, HEAD[1:4])


def show(arguments: Namespace, context: Context) -> None:
    """Print a model's versions and the moves of its aliases, or one version."""
    from faastraingym.cli.tables import names_and_values

    named = _parsed(arguments.version)
    if named.alias or named.version:
        version = context.client.models.resolve(arguments.version)
        if arguments.json:
            context.screen.json(version)
        else:
            context.screen.rich(*names_and_values(_lines(version)))
        return
    model = context.client.models.show(named.model)
    if arguments.json:
        context.screen.json({**msgspec.to_builtins(model), "aliases": model.aliases})
        return
    context.screen.table(VERSIONS, [_row(each, model) for each in model.versions], NUMBERS)
    moves = [move for moves in model.moves.values() for move in moves]
    if moves:
        context.screen.line()
        rows = [
            (
                move.alias,
                f"{move.number}",
                f"{move.version}",
                f"{move.previous or ''}",
                f"{timestamp(move.at)[:19]}Z",
                f"{move.by}{', a rollback' if move.rollback else ''}",
            )
            for move in moves
        ]
        context.screen.table(MOVES, rows, NUMBERS)
    for each in model.canaries:
        context.screen.line(_answering(each))
    if model.triggers:
        context.screen.line()
        waiting = [(t.alias, t.name, str(t.spec.get("init_from", ""))) for t in model.triggers]
        context.screen.table(TRIGGERS, waiting, NUMBERS)


def register(arguments: Namespace, context: Context) -> None:
    """Keep a run's policy as the next version of a model."""
    if not 2 <= arguments.episodes <= MOST_EPISODES:
        raise BadInput(
            f"--episodes {arguments.episodes}: write 2 to {MOST_EPISODES}; an interval needs two, "
            "and all are played here, one after the other"
        )
    made = context.client.models.register(
        arguments.name, arguments.run, episodes=arguments.episodes
    )
    if arguments.json:
        context.screen.json(made)
    else:
        context.screen.line(registered(made))


def registered(made: ModelVersion) -> str:
    """A version that was registered, in words."""
    return f"{made}: version {made.run_version} of {made.run}, {_returned(made)}"


def promote(arguments: Namespace, context: Context) -> ExitCode:
    """Let an alias point to a version; 1, if it is not better and had to be."""
    bound = arguments.probability
    if bound is not None and not 0 <= bound <= 1:
        raise BadInput(f"--probability {bound:g}: write a number from 0 to 1")
    if bound is not None and not arguments.only_if_better:
        raise BadInput("--probability: is a bound of --only-if-better; write both, or neither")
    done = context.client.models.promote(
        arguments.version,
        arguments.alias,
        only_if_better=arguments.only_if_better,
        probability=PROBABILITY if bound is None else bound,
    )
    alias = f"{done.version.model}@{done.alias}"
    if arguments.json:
        context.screen.json(
            {
                "model": done.version.model,
                "alias": done.alias,
                "version": done.version.version,
                "points_to": done.points_to,
                "moved": done.moved,
                "refused": done.refused,
                "probability": done.probability,
            }
        )
    elif done.refused:
        context.screen.line(f"{alias} stays at version {done.points_to}: {_compared(done)}")
    elif done.moved:
        compared = f": {_compared(done)}" if done.current else ""
        context.screen.line(f"{alias} points to version {done.points_to}{compared}")
    else:
        context.screen.line(f"{alias} points to version {done.points_to} already")
    return ExitCode.BUDGET_SPENT if done.refused else ExitCode.DONE


def canary(arguments: Namespace, context: Context) -> None:
    """Have a version answer a share of those who ask an alias."""
    if not 0 <= arguments.share <= 1:
        raise BadInput(f"--share {arguments.share:g}: write a number from 0 to 1")
    made = context.client.models.canary(arguments.version, arguments.alias, arguments.share)
    if arguments.json:
        context.screen.json(made)
    else:
        context.screen.line(_answering(made))


def rollback(arguments: Namespace, context: Context) -> None:
    """Let an alias point to where it did before."""
    move = context.client.models.rollback(arguments.alias)
    if arguments.json:
        context.screen.json(move)
    else:
        before = f"version {move.version} again, no longer to version {move.previous}"
        context.screen.line(f"{move.model}@{move.alias} points to {before}")


def trigger(arguments: Namespace, context: Context) -> None:
    """Have a run start at each promotion of an alias."""
    arguments.run = arguments.run or run_ids.slug(Path(composing.named(arguments.spec).stem))
    prepared = training.prepare(arguments, context)
    made = loop.run(context.client.models.aio.trigger(arguments.alias, prepared))
    if arguments.json:
        context.screen.json(made)
    else:
        context.screen.line(f"{made.model}@{made.alias}: each promotion starts a run {made.name}-*")
        if made.alias not in context.client.models.show(made.model).aliases:
            context.screen.remark(
                f"{made.model}@{made.alias} points nowhere yet; `faastrain models promote "
                f"{made.model} {made.alias}` starts the first run"
            )


def untrigger(arguments: Namespace, context: Context) -> None:
    """Have no more runs of a trigger start."""
    found = context.client.models.untrigger(arguments.alias, arguments.name)
    if arguments.json:
        context.screen.json(found)
    else:
        context.screen.line(
            f"{found.model}@{found.alias}: no promotion starts {found.name} any more"
        )


def key(arguments: Namespace, context: Context) -> None:
    """Print the key of webhooks, as libraries of Standard Webhooks take it."""
    from faastraingym.adapters.http import webhooks

    found = webhooks.shown(webhooks.key_of(context.world.signing_key()))
    if arguments.json:
        context.screen.json({"key": found})
    else:
        context.screen.line(found)


def _parsed(text: str) -> models.Named:
    try:
        return models.parse(text)
    except ModelError as error:
        raise BadInput(str(error)) from error


def _answering(made: Canary) -> str:
    """Which share a canary answers, in words."""
    alias = f"{made.model}@{made.alias}"
    if not made.share:
        return f"{alias} has no canary any more"
    return f"{alias}: version {made.version} answers {made.share:.1%} of requests until it moves"


def _compared(done: Promoted) -> str:
    """Why it was promoted or not, where the two were compared."""
    if done.current is None:
        return ""
    return (
        f"{_returned(done.version)}; with probability {done.probability:.3f} higher than version "
        f"{done.current.version}'s, {_returned(done.current)}"
    )


def _returned(version: ModelVersion) -> str:
    interval = f"{version.low:.2f} to {version.high:.2f}"
    return f"return {version.mean:.2f} ({interval}) over {len(version.returns)} episodes"


def _brief(model: Model) -> dict[str, object]:
    """What `list` tells of a model: no specifications."""
    newest = model.versions[-1]
    return {
        "name": model.name,
        "versions": len(model.versions),
        "return_mean": newest.mean,
        "environment": newest.environment.id,
        "run": newest.run,
        "aliases": model.aliases,
    }


def _cells(model: Model) -> tuple[str, ...]:
    newest = model.versions[-1]
    aliases = ", ".join(f"{alias}: {version}" for alias, version in model.aliases.items())
    found = (f"{len(model.versions)}", f"{newest.mean:.2f}", newest.environment.id)
    return model.name, *found, aliases


def _row(version: ModelVersion, model: Model) -> tuple[str, ...]:
    here = [alias for alias, number in model.aliases.items() if number == version.version]
    numbers = [f"{each:.2f}" for each in (version.mean, version.low, version.high)]
    at = f"{timestamp(version.created_at)[:19]}Z"
    episodes = f"{len(version.returns)}"
    return f"{version.version}", *numbers, episodes, version.run, at, ", ".join(here)


def _parent(version: ModelVersion) -> str:
    """The version that its run began with."""
    found = version.spec.get("init_from")
    return f"{found['model']}, version {found['version']}" if found else "none"


def _lines(version: ModelVersion) -> list[tuple[str, str]]:
    packages = ", ".join(version.environment.packages) or "none of one's own"
    return [
        ("model", f"{version}"),
        ("run", f"{version.run}, version {version.run_version}"),
        ("parent", _parent(version)),
        ("return", _returned(version).removeprefix("return ")),
        ("environment", version.environment.id),
        ("  SHA-256", version.environment.sha256),
        ("  packages", packages),
        ("policy SHA-256", version.policy.sha256),
        ("registered", f"{timestamp(version.created_at)[:19]}Z by {version.created_by}"),
    ]
