"""A stack's registered models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from faastraingym.client import loop
from faastraingym.client.arguments import checked
from faastraingym.client.async_models import EPISODES, PROBABILITY, AsyncModels, Model, Promoted
from faastraingym.schemas.models import ModelVersion, Promotion

if TYPE_CHECKING:
    from faastraingym.client.policy import Policy


class Models:
    """A stack's registered models: policies that are kept, whatever becomes of their runs.

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
        self, name: str, run: str, *, episodes: Annotated[int, Meta(ge=2)] = EPISODES
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
    def rollback(self, named: str) -> Promotion:
        """Let an alias, `NAME@ALIAS`, point to where it did before its newest promotion.

        Raises:
            BadInput: it pointed nowhere before, or somebody else moved it at the same moment.
        """
        return loop.run(self.aio.rollback(named))
