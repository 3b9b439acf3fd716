"""A stack, as the callers of `faastraingym` reach it."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from faastraingym.client import (
    addresses,
    composing,
    evaluating,
    experiments,
    loop,
    target,
    world,
)
from faastraingym.client.arguments import checked
from faastraingym.client.async_client import AsyncClient, Prepared
from faastraingym.client.errors import BadInput, as_ours
from faastraingym.client.evaluations import EPISODES, Asked
from faastraingym.client.experiment import Experiment
from faastraingym.client.models import Models
from faastraingym.client.run import Run
from faastraingym.client.specifications import Composed
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.views.experiments import ExperimentRow
from faastraingym.events.views.runs import RunRow
from faastraingym.schemas.report import Status

if TYPE_CHECKING:
    from faastraingym.client.async_run import AsyncRun
    from faastraingym.client.comparison import Comparison
    from faastraingym.client.playing import Evaluation
    from faastraingym.client.policy import Policy


class Client:
    """A stack: the embedded one of a folder, or a remote one, for which no server is started.

    Where an argument is missing, the environment variables count that `faastrain --help` lists.

    Args:
        url: of a remote stack's OpenFaaS gateway, as `https://admin:PASSWORD@gateway.example.com`.
        token: a bearer token for the gateway, in place of user and password.
        nats: of its broker, as `tls://USER:PASSWORD@nats.example.com:4222`.
        s3: of its object store, as `https://ACCESS_KEY:SECRET_KEY@s3.example.com`.
        bucket: of its object store.
        home: of an embedded stack; by default FAASTRAIN_HOME or `./.faastrain`.

    Raises:
        BadInput: both a URL and a home are named, a URL is none, or a server has no URL, no user or
            no password, neither here nor in a variable.

    Attributes:
        aio: the same for asynchronous callers.
    """

    @checked
    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        nats: str | None = None,
        s3: str | None = None,
        bucket: str | None = None,
        home: str | Path | None = None,
    ) -> None:
        servers = {"url": url, "nats": nats, "s3": s3}
        if home is not None and any(servers.values()):
            raise BadInput("Client: home is an embedded stack's, url a remote one's; give one")
        variables = dict(os.environ)
        for name, value in servers.items():
            variables |= addresses.variables(name, value) if value else {}
        given = {"OPENFAAS_TOKEN": token, "FAASTRAIN_BUCKET": bucket}
        variables |= {name: value for name, value in given.items() if value}
        if any(servers.values()) and not target.is_cluster(variables):
            raise BadInput(
                "Client: a remote stack needs both url, of its gateway, and nats, of its broker; "
                "give the other one, too, or set OPENFAAS_URL or FAASTRAIN_NATS_URL"
            )
        if any(servers.values()):
            addresses.check_complete(variables)
        if home is not None:
            variables |= {"FAASTRAIN_HOME": str(home)}
            variables.pop("OPENFAAS_URL", None)
        self.aio = AsyncClient(world.real(variables))

    @classmethod
    @checked
    def of(cls, aio: AsyncClient) -> "Client":
        """The same stack, for synchronous callers."""
        made = cls.__new__(cls)
        made.aio = aio
        return made

    @checked
    def up(self) -> None:
        """Start the embedded stack, unless it runs; nothing is started for a remote one.

        Raises:
            StackTrouble: it does not start.
        """
        with as_ours(self.aio.world.environment):
            self.aio.world.ensure_stack()

    @checked
    def down(self) -> bool:
        """Stop the embedded stack; its data stays. False when none ran.

        Raises:
            BadInput: the stack is a remote one.
            StackTrouble: a process does not end.
        """
        from faastraingym.embedded import stack

        with as_ours(self.aio.world.environment):
            return stack.down(target.own_home(self.aio.world.environment))

    @checked
    def start(
        self,
        env: object,
        algorithm: str | None = None,
        *,
        budget: Annotated[int, Meta(ge=1)] | None = None,
        target: float | None = None,
        seed: Annotated[int, Meta(ge=0)] | None = None,
        name: str | None = None,
        **overrides: Any,
    ) -> Run:
        """Start a run and return; it needs no watcher. Arguments and errors: as of `train`."""
        made = composing.composed(env, algorithm, budget, target, seed, overrides)
        return begin(self, prepare(self, made, name))

    @checked
    def run(self, name: str) -> Run:
        """The run of this name.

        Raises:
            BadInput: it is no run's name.
        """
        return Run(self.aio.run(name))

    @checked
    def evaluate(
        self,
        policy: "Policy | Run | AsyncRun | str | Path",
        env: str | Path | type | None = None,
        *,
        episodes: Annotated[int, Meta(ge=1)] = EPISODES,
        seed: Annotated[int, Meta(ge=0)] = 0,
        deterministic: bool = True,
        workers: Annotated[int, Meta(ge=1)] | None = None,
        record: Annotated[int, Meta(ge=0)] = 0,
        name: str | None = None,
    ) -> "Evaluation":
        """Play a policy's episodes in many functions at once, as a run that learns nothing.

        The numbers depend on the policy, the environment, the seed and the number of episodes;
        not on workers and replicas.

        Args:
            policy: a Policy; a Run; a policy.npz or a folder that `train` wrote; or a name:
                "models/cartpole@champion", a run's, or "runs/NAME/VERSION".
            env: an environment as `train` takes it; None: that of the policy, as its run had it.
            episodes: how many; 10,000 at most.
            seed: of their resets, and of drawn actions.
            deterministic: play the most probable actions; False: draw them.
            workers: invocations among which the episodes are divided; None: as many as 2,000
                steps each make.
            record: the first so many episodes become films, which `Run.save` writes.
            name: of the run; by default made of the environment's and the time. The same call with
                the same name waits for the same run.

        Returns:
            As `faastraingym.evaluate`; its `run` is the run's name.

        Raises:
            BadInput: there is no such policy or environment, or they do not fit.
            StackTrouble: the stack does not start, or does not answer.
            RunFailed: the environment raised something; the text says what.
        """
        asked = Asked(episodes, workers, not deterministic, record)
        envs = [] if env is None else [env]
        prepared = loop.run(evaluating.prepare(self.aio, policy, envs, [seed], asked, name))
        run = Run(*loop.run(evaluating.begin(self.aio, prepared)))
        for remark in prepared[0].advice:
            warnings.warn(remark, stacklevel=3)
        run.wait()
        return run.evaluation()

    @checked
    def start_experiment(self, experiment: object, name: str | None = None) -> Experiment:
        """Start the stack if needed, start an experiment, and return; it needs no watcher.

        Args:
            experiment: its specification: the path of a TOML, YAML or JSON file, or a dictionary,
                as `{"run": {...}, "space": {...}, "seeds": [1, 2, 3]}`.
            name: of the experiment; by default made of the file's and the time.

        Raises:
            BadInput: it cannot be started; one line for each problem. Nothing was started.
            StackTrouble: the stack does not start, or does not answer.
        """
        made = composing.experiment(experiment)
        prepared = loop.run(experiments.prepare(self.aio, made, name, up=True))
        self.up()
        begun = Experiment(loop.run(experiments.start(self.aio, prepared)))
        for remark in prepared.base.advice:
            warnings.warn(remark, stacklevel=3)
        return begun

    @checked
    def experiment(self, name: str) -> Experiment:
        """The experiment of this name.

        Raises:
            BadInput: it is no name of one.
        """
        return Experiment(self.aio.experiment(name))

    @checked
    def experiments(self) -> list[ExperimentRow]:
        """All experiments, with their states and best trials; the newest first.

        Raises:
            StackTrouble: no stack runs, or it does not answer.
        """
        return loop.run(self.aio.experiments())

    @property
    def models(self) -> Models:
        """The stack's registered models."""
        return Models(self.aio.models)

    @checked
    def runs(
        self, status: Status | None = None, limit: Annotated[int, Meta(ge=1)] | None = None
    ) -> list[RunRow]:
        """The runs of a status, or all; the newest first, `limit` at most.

        Raises:
            StackTrouble: no stack runs, or it does not answer.
        """
        return loop.run(self.aio.runs(status, limit))

    @checked
    def compare(self, runs: Sequence[str | Run], target: float | None = None) -> "Comparison":
        """Compare runs that have ended, or as they stand, by configuration.

        Args:
            runs: two or more, or their names; all of one environment. An experiment's name stands
                for its runs. A repeated one counts once.
            target: mean evaluation return to be reached; None: the runs' own, if it is the same.

        Raises:
            BadInput: there is no such run, or they cannot be compared: of different environments,
                the same specification and seed twice, or none with an evaluation.
            StackTrouble: no stack runs, or it does not answer.
        """
        named = [run.aio if isinstance(run, Run) else run for run in runs]
        return loop.run(self.aio.compare(runs if isinstance(runs, str) else named, target))

    @checked
    def remove(self, names: list[str], *, dry_run: bool = False) -> list[Holdings]:
        """Remove runs, and experiments with their runs; none of them if one is refused.

        Args:
            names: of runs and experiments that have ended. Their names are never used again.
            dry_run: remove nothing.

        Returns:
            What was removed of each, or would be: facts and objects by kind, with bytes.

        Raises:
            BadInput: there is none of that name, or it goes on.
            StackTrouble: no stack runs, or it does not answer; or its log lets nobody remove facts;
                or functions still work for one.
        """
        return loop.run(self.aio.remove(names, dry_run=dry_run))


def prepare(client: Client, made: Composed, name: str | None) -> Prepared:
    """A run that can be started."""
    return loop.run(client.aio.prepare(made, name, up=True))


def begin(client: Client, prepared: Prepared) -> Run:
    """Start the stack if needed, and the run; its advice is a warning at our caller's caller."""
    client.up()
    run = Run(loop.run(client.aio.start(prepared)))
    for remark in prepared.advice:
        warnings.warn(remark, stacklevel=4)
    return run
