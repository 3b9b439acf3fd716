"""What a scheduler decides from: the specification, and the results and decisions of the log."""

import math
from collections.abc import Sequence
from functools import cached_property

from faastraingym.events.experiments.decisions import Decision, Place, Result, place
from faastraingym.schemas.experiment import ExperimentSpec


class Race:
    """`results` and `decided` in the log's order; `total`: trials that the sampler suggests."""

    def __init__(
        self,
        spec: ExperimentSpec,
        total: int,
        results: Sequence[Result],
        decided: Sequence[Decision],
    ) -> None:
        self.spec, self.total, self.decided = spec, total, decided
        self.results = [_comparable(result) for result in results]

    @cached_property
    def there(self) -> dict[Place, Result]:
        """The results by trial and rung."""
        return {place(result): result for result in self.results}

    @cached_property
    def recorded(self) -> dict[Place, Decision]:
        """The decisions that the log has."""
        return {place(decision): decision for decision in self.decided}

    def held(self, made: Decision) -> Decision:
        """The recorded decision in its place, which counts whatever would be decided now."""
        return self.recorded.get(place(made), made)


def _comparable(result: Result) -> Result:
    """A mean return that is NaN is worse than every number."""
    if result.score is None or not math.isnan(result.score):
        return result
    return result._replace(score=-math.inf)
