"""fetch, export: a run's results onto the disk."""

import re
from argparse import Namespace
from typing import TYPE_CHECKING

from faastraingym.cli.context import Context
from faastraingym.client import files, loop
from faastraingym.client.errors import BadInput
from faastraingym.schemas import keys
from faastraingym.schemas.models import PREFIX

if TYPE_CHECKING:
    from faastraingym.client.policy import Policy


def fetch(arguments: Namespace, context: Context) -> None:
    """Write report, learning curve and policy of a run's segment into a folder."""
    run = context.client.run(arguments.run)
    found = loop.run(run.aio.files(arguments.leg))
    written = files.write_all(arguments.folder or files.of_run(run.name), found, arguments.force)
    if arguments.json:
        context.screen.json({"run_id": run.name, "files": [str(path) for path in written]})
        return
    for path in written:
        context.screen.line(str(path))


def export(arguments: Namespace, context: Context) -> None:
    """Write a policy, its specification and report into one file; or a run's episodes."""
    from faastraingym.client import onnx_files, policy_files

    if arguments.minari:
        _export_minari(arguments, context)
        return
    if arguments.versions:
        raise BadInput("--versions chooses what --minari writes; add --minari NAME")
    path = arguments.onnx or arguments.file
    (onnx_files if arguments.onnx else policy_files).target(path)  # before anything is fetched
    policy = _policy(arguments.run, context)
    (policy.export_onnx if arguments.onnx else policy.save)(path)
    run, version, model = policy.report.run_id, policy.version, policy.model
    if arguments.json:
        kept = {"model": model} if model else {"key": keys.policy(run, version)}
        context.screen.json({"run_id": run, "file": str(path), "version": version, **kept})
    else:
        context.screen.line(f"{path}: {f'{model}, ' if model else ''}version {version} of {run}")


def _policy(named: str, context: Context) -> "Policy":
    if named.startswith(PREFIX):
        return context.client.models.policy(named)
    return context.client.run(named).policy()


def _export_minari(arguments: Namespace, context: Context) -> None:
    first, last = _versions(arguments.versions)
    found = context.client.run(arguments.run).export_minari(arguments.minari, first, last)
    if arguments.json:
        context.screen.json(
            {"run_id": arguments.run, **found._asdict(), "folder": str(found.folder)}
        )
        return
    rest = f"; {found.left_out:,} steps of episodes cut off are left out" if found.left_out else ""
    context.screen.line(
        f"{found.name}: {found.episodes:,} episodes, {found.steps:,} steps of versions "
        f"{found.first} to {found.last}, in {found.folder}{rest}"
    )


def _versions(text: str | None) -> tuple[int | None, int | None]:
    """The first and the last of `A-B`; None: not given.

    Raises:
        BadInput: it is nothing of that form.
    """
    if text is None:
        return None, None
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text, re.ASCII)
    if not found:
        raise BadInput(f"--versions {text}: write A-B, the first and the last version, as 10-30")
    return int(found[1]), int(found[2])
