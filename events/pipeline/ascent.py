"""The way from the objects that exist up to the lost ones that are wanted: pure.

lineage.py knows from which message each lost object is made; here is in which order, and by which
invocations: first the objects whose inputs all exist, then what is made from those.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from faastraingym.events.pipeline.commands import Invocation
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from faastraingym.schemas.references import ObjectRef

ASKED_EVERY = 60.0  # seconds: so often an object that is still lost is asked for again

Name = tuple[str, int, int]  # of a piece of work: function, version, slot


class Work(NamedTuple):
    """One invocation that makes objects of a run."""

    function: str
    origin: m.Origin
    inputs: tuple[ObjectRef, ...]


class Lost(NamedTuple):
    """An object that is missing, and how it is made."""

    object: ObjectRef
    work: Work


class Ascent:
    """The way from the objects that exist up to the goals, as far as one replica knows it.

    `missing` has, by key, the missing objects at and below the goals. `there` are the keys that
    exist; keys that are found or made later are added.
    """

    def __init__(
        self, goals: Iterable[ObjectRef], missing: dict[str, Lost], there: Collection[str]
    ) -> None:
        self.missing = missing
        self.there = set(there)
        self._goals = list(goals)
        self._above: dict[str, list[Lost]] = defaultdict(list)  # by input
        self._together: dict[Name, list[str]] = defaultdict(list)  # made by one piece of work
        for key, lost in missing.items():
            self._together[_name(lost)].append(key)
            for ref in lost.work.inputs:
                self._above[ref.key].append(lost)

    def frontier(self) -> list[Lost]:
        """The objects that can be made now, one for each piece of work."""
        return _one_each(
            lost
            for lost in self.missing.values()
            if not any(ref.key in self.missing for ref in lost.work.inputs)
        )

    def edge(self) -> list[ObjectRef]:
        """Goals and inputs that are not missing: they are assumed to exist."""
        read = {ref.key: ref for lost in self.missing.values() for ref in lost.work.inputs}
        taken = read | {ref.key: ref for ref in self._goals}
        return [ref for key, ref in taken.items() if key not in self.missing]

    def above(self, key: str) -> list[Lost]:
        """The objects made from a missing one that was just made; other inputs may be missing."""
        lost = self.missing[key]
        brought = self._together[_name(lost)]
        self.there |= {*brought, *(ref.key for ref in lost.work.inputs)}
        return _one_each(next_one for made in brought for next_one in self._above[made])


def restorations(
    lost: Iterable[Lost], towards: int | None, verify: bool, now: float
) -> list[Invocation]:
    """The invocations that make objects again, whose inputs exist, towards a wanted version.

    All requests for an object within one minute of `now` (Unix time, seconds) are one request. With
    `verify`, an object that the store lists is read before it counts as existing.
    """
    asked = int(now / ASKED_EVERY)
    return [
        Invocation(
            work.function,
            m.RestoreObject(
                run=work.origin.run,
                object=ref,
                origin=work.origin,
                towards=towards,
                verify=verify,
                asked=asked,
            ),
        )
        for ref, work in lost
    ]


def _name(lost: Lost) -> Name:
    _, version, slot = keys.place(lost.object.key)
    return lost.work.function, version, slot


def _one_each(found: Iterable[Lost]) -> list[Lost]:
    """One for each piece of work, its learner state before its policy."""
    ordered = sorted(found, key=lambda lost: lost.object.key, reverse=True)
    return list({_name(lost): lost for lost in ordered}.values())[::-1]
