"""fetch, export: a run's results onto the disk."""

from argparse import Namespace

from faastraingym.cli.context import Context
from faastraingym.client import files, loop
from faastraingym.client.errors import BadInput
from faastraingym.schemas import keys


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
    """Write a run's policy, specification and report into one file."""
    if arguments.file.suffix != ".npz":
        raise BadInput(f"{arguments.file}: an export is a NumPy file; give it the suffix .npz")
    path = files.in_folder(arguments.file)
    policy = context.client.run(arguments.run).policy()
    policy.save(path)
    if arguments.json:
        key = keys.policy(policy.report.run_id, policy.version)
        document = {"run_id": policy.report.run_id, "file": str(path), "version": policy.version}
        context.screen.json({**document, "key": key})
    else:
        context.screen.line(f"{path}: version {policy.version} of {policy.report.run_id}")
