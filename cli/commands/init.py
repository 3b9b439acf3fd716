"""init: a specification with a comment at every key, and an environment of one's own."""

import os
import shlex
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from faastraingym.algorithms import registry
from faastraingym.cli.context import Context
from faastraingym.client import composing, examples, files, loop, scaffold, specifications
from faastraingym.client.errors import BadInput
from faastraingym.schemas.validation import suggestion

SPECIFICATION = "spec.toml"
OWN = examples.FOLDER / "own"  # an environment, and a test of it
OWN_ID = "my_env.py:MyEnv-v0"
OWN_RUN: dict[str, Any] = {
    "environment": {"id": OWN_ID},
    "evaluation": {"every": 5},
    "stop": {"env_steps": 20_000},
}
ASK_ENVIRONMENT = "environment, as CartPole-v1 (Enter: an example of your own): "
ASK_ALGORITHM = "algorithm, {} (Enter: {}): "


def init(arguments: Namespace, context: Context) -> None:
    """Ask on a terminal for what no option says, write, and tell how to train."""
    asked = context.screen.is_terminal and sys.stdin.isatty() and not arguments.json
    environment, algorithm = arguments.environment, arguments.algorithm
    if asked and environment is None:
        environment = _answer(ASK_ENVIRONMENT)
    if asked and algorithm is None:
        known = ", ".join(registry.PACKAGES)
        algorithm = _answer(ASK_ALGORITHM.format(known, composing.DEFAULT_ALGORITHM))
    raw = _specification(environment or OWN_ID, algorithm or composing.DEFAULT_ALGORITHM)
    found = _files(raw, arguments.folder, context)
    written = files.write_all(arguments.folder, found, arguments.force)
    if arguments.json:
        context.screen.json({"files": [str(path) for path in written]})
        return
    for path in written:
        context.screen.line(str(path))
    if raw["environment"]["id"] == OWN_ID:
        context.screen.remark(f"test it: `python -m unittest discover {_word(arguments.folder)}`")
    specification = _word(arguments.folder / SPECIFICATION)
    context.screen.remark(f"train it: `faastrain train {specification}`")


def _word(path: Path) -> str:
    """As a shell reads it."""
    return shlex.quote(str(path))


def _answer(question: str) -> str:
    """What a person types.

    Raises:
        BadInput: the input ended.
    """
    try:
        return input(question).strip()
    except EOFError as error:
        print()
        raise BadInput(
            "standard input ended before an answer; --environment and --algorithm answer, too"
        ) from error


def _specification(environment: str, algorithm: str) -> dict[str, Any]:
    """That of the example where there is one; else the algorithm's own defaults.

    Raises:
        BadInput: there is no such algorithm.
    """
    if algorithm not in registry.PACKAGES:
        near = suggestion(algorithm, [*registry.PACKAGES])
        raise BadInput(f"--algorithm {algorithm}: there is no such algorithm{near}")
    if environment == OWN_ID:
        return {**OWN_RUN, "algorithm": {"name": algorithm}}
    example = examples.by_environment(algorithm).get(environment)
    if example:
        return specifications.load(example)
    return {
        "environment": {"id": environment},
        "algorithm": {"name": algorithm},
        "stop": {"env_steps": 100_000},
    }


def _files(raw: dict[str, Any], folder: Path, context: Context) -> dict[str, bytes]:
    """By name; an environment that is not the example's own is built first, to see that it can be.

    Raises:
        BadInput: it cannot.
    """
    own = raw["environment"]["id"] == OWN_ID
    if not own:
        composed = specifications.Composed(raw, "--environment", SPECIFICATION)
        loop.run(context.client.aio.prepare(composed))
        raw = {**raw, "environment": _seen_from(folder, raw["environment"])}
    found = {SPECIFICATION: scaffold.specification(registry.parse(raw)).encode()}
    if own:
        found |= {path.name: path.read_bytes() for path in sorted(OWN.glob("*.py"))}
    return found


def _seen_from(folder: Path, environment: dict[str, Any]) -> dict[str, Any]:
    """A file of one's own is named from the folder of the specification."""
    place, _, name = environment["id"].rpartition(":")
    if not place.endswith(".py"):
        return environment
    return {**environment, "id": f"{os.path.relpath(place, folder)}:{name}"}
