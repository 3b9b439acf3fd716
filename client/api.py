"""`faastraingym.train`: from an environment to a trained policy in one call."""

import sys
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from faastraingym.client import recordings
from faastraingym.client.arguments import checked
from faastraingym.client.client import Client, begin, prepare
from faastraingym.client.composing import composed
from faastraingym.client.errors import Error, RunFailed
from faastraingym.client.files import RESULTS, makeable, unused
from faastraingym.client.progress import Silent, outlasting, shown
from faastraingym.client.recordings import Targets
from faastraingym.client.run import Run, logged
from faastraingym.loggers.kinds import Subject
from faastraingym.schemas.specification import to_dict


@checked
def train(
    env: object,
    algorithm: str | None = None,
    *,
    budget: Annotated[int, Meta(ge=1)] | None = None,
    target: float | None = None,
    seed: Annotated[int, Meta(ge=0)] | None = None,
    name: str | None = None,
    client: Client | None = None,
    files: str | Path | None = RESULTS,
    progress: bool = True,
    loggers: Targets | None = None,
    **overrides: Any,
) -> Run:
    """Train a policy: start the stack if needed, start a run, follow it to its end.

    Args:
        env: the id of an environment, whose shipped example it trains with where there is one;
            one of your own, as a class or as "my_env.py:MyEnv"; or a specification: the path of a
            TOML, YAML or JSON file, a dictionary, a RunSpec.
        algorithm: its name, as "ppo"; None: the specification's or the example's, else PPO.
        budget: environment steps, all environments together, after which the run ends; None: the
            specification's or the example's, else 100,000, which a warning tells.
        target: mean evaluation return at which the run ends before.
        seed: everything random derives from it.
        name: of the run; by default made of the environment's and the time.
        client: the stack; by default the embedded one of FAASTRAIN_HOME or `./.faastrain`.
        files: the folder in which a folder NAME gets report, learning curve and policy; None:
            no files. A warning tells when they cannot be written.
        progress: show the run while it goes on.
        loggers: write the run's numbers while it goes on, as `{"tensorboard": "tb", "csv":
            "progress.csv"}`; the names are those of `Run.log`. A warning tells when one fails
            meanwhile.
        **overrides: of the specification. The name of a section takes a table, as
            `rollout={"count": 4}`; any other name is a setting of the algorithm, as
            `learning_rate=3e-4`.

    Returns:
        The run, which has ended.

    Raises:
        BadInput: the run cannot be started; one line for each problem. Nothing was started.
        StackTrouble: the stack does not start, does not answer, or was away for two minutes; or a
            logger cannot write, or is not installed, and the run was not started.
        RunFailed: the run failed; the text says why.
    """
    folder = Path(files) if files is not None else None
    if folder:
        makeable(folder)
    if folder and name:
        unused(folder / name)
    stack, chosen = client or Client(), recordings.wanted(loggers)
    made = composed(env, algorithm, budget, target, seed, overrides)
    prepared = prepare(stack, made, name)
    subject = Subject(prepared.name, to_dict(prepared.spec))
    with logged(stack.aio, subject, chosen) as recorded:
        run = begin(stack, prepared)
        look = shown(run.name, sys.stdout, outlasting(print)) if progress else nullcontext(Silent())
        try:
            with look as view:
                run.wait(recorded.beside(view))
        except RunFailed:
            _warn(run, folder)
            raise
    _warn(run, folder)
    return run


def saved(run: Run, folder: Path) -> str:
    """Write the results of a run that has ended; why that failed, or nothing."""
    try:
        run.save(folder)
    except Error as error:
        again = f"`faastrain fetch {run.name} {folder}` tries again"
        return f"no results in {folder}: {error}; {again}"
    return ""


def _warn(run: Run, folder: Path | None) -> None:
    trouble = saved(run, folder / run.name) if folder else ""
    if trouble:
        warnings.warn(trouble, stacklevel=4)
