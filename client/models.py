"""A stack's registered models."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from faastraingym.client import loop, run_ids
from faastraingym.client.arguments import checked
from faastraingym.client.async_models import (
    EPISODES,
    MOST_EPISODES,
    PROBABILITY,
    AsyncModels,
    Model,
    Promoted,
)
from faastraingym.client.composing import composed
from faastraingym.schemas.models import Canary, ModelVersion, Promotion, Trigger

if TYPE_CHECKING:
    from faastraingym.client.policy import Policy


class Models:
    """A stack's registered models: policies that stay when their runs are removed.

    A version is named as `NAME/3`, `NAME@champion` by an alias, or `NAME`: the newest. `models/`
    may stand before it. Every method raises

    - BadInput: there is no such model, version or alias, or it is no name of one,
    - StackTrouble: no stack runs, or it does not answer.

    Attributes:
        aio: the same for asynchronous callers.
    """

    def __init__(self, aio: AsyncModels) -> None:
        self.aio = aio

    @checked
    def list(self) -> Sequence[Model]:
        """All models, by name, with their versions and aliases."""
        return loop.run(self.aio.list())

    @checked
    def show(self, name: str) -> Model:
        """One model, with its versions and aliases."""
        return loop.run(self.aio.show(name))

    @checked
    def resolve(self, named: str) -> ModelVersion:
        """The version that a name stands for now."""
        return loop.run(self.aio.resolve(named))

    @checked
    def policy(self, named: str) -> "Policy":
        """The policy of a version, ready to act; its run may be gone."""
        return loop.run(self.aio.policy(named))

    @checked
    def register(
        self,
        name: str,
        run: str,
        *,
        episodes: Annotated[int, Meta(ge=2, le=MOST_EPISODES)] = EPISODES,
    ) -> ModelVersion:
        """Keep the policy of a run that has ended as the next version of a model.

        A run's policy that is a version already stays that one.

        Args:
            name: of the model; its first version makes it.
            run: whose report names the policy.
            episodes: that are played here to measure it, from the same seeds as every version's.

        Raises:
            BadInput: there is no such run, it has not ended or has no policy, or its environment
                cannot be built here.
        """
        return loop.run(self.aio.register(name, run, episodes=episodes))

    @checked
    def promote(
        self,
        named: str,
        alias: str,
        *,
        only_if_better: bool = False,
        probability: Annotated[float, Meta(ge=0, le=1)] = PROBABILITY,
    ) -> Promoted:
        """Let an alias point to a version.

        Args:
            named: the version.
            alias: of the same model, as "champion".
            only_if_better: refuse it unless its mean return is higher than that of the version that
                the alias points to, by a bootstrap of what both reached when they were registered.
            probability: least, with which it is higher.

        Raises:
            BadInput: somebody else moved the alias at the same moment, or the versions cannot be
                compared.
        """
        return loop.run(
            self.aio.promote(named, alias, only_if_better=only_if_better, probability=probability)
        )

    @checked
    def canary(self, named: str, alias: str, share: Annotated[float, Meta(ge=0, le=1)]) -> Canary:
        """Have a version answer a share of those who ask an alias of the function `act`.

        The alias goes on pointing where it does, for everybody else. Its next move ends this.

        Args:
            named: the version.
            alias: of the same model.
            share: of requests; 0: none any more.

        Raises:
            BadInput: there is no such version or alias.
        """
        return loop.run(self.aio.canary(named, alias, share))

    @checked
    def trigger(
        self, named: str, env: object, name: str | None = None, **overrides: Any
    ) -> Trigger:
        """Have a run start whenever an alias, `NAME@ALIAS`, is promoted from now on.

        A specification with `init_from = "models/NAME@ALIAS"` begins with the promoted version. A
        rollback starts none.

        Args:
            named: the alias.
            env: as of `train`: an environment, or a specification.
            name: of the trigger, with which its runs' names begin; one that is there is replaced.
            overrides: as of `train`.

        Raises:
            BadInput: the specification cannot be run, or begins with another policy.
        """
        made = composed(env, None, None, None, None, overrides)
        chosen = name or run_ids.slug(Path(made.stem))
        prepared = loop.run(self.aio.client.prepare(made, chosen))
        return loop.run(self.aio.trigger(named, prepared))

    @checked
    def untrigger(self, named: str, name: str) -> Trigger:
        """Have no more runs of a trigger start; those that did go on.

        Raises:
            BadInput: the alias has no such trigger.
        """
        return loop.run(self.aio.untrigger(named, name))

    @checked
    def rollback(self, named: str) -> Promotion:
        """Let an alias, `NAME@ALIAS`, point to where it did before its newest promotion.

        Raises:
            BadInput: it pointed nowhere before, or somebody else moved it at the same moment.
        """
        return loop.run(self.aio.rollback(named))
