"""Making lost objects again: which makers to ask for them, and what these makers do.

A stage that misses an object walks its chain down to the objects that exist, once, and asks the
makers at that frontier. Each maker, when it is done, asks for the objects that can now be made,
until the wanted object exists. No invocation holds a slot while it waits; no process directs this.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from faastraingym.adapters.stage.manifests import specification
from faastraingym.events.pipeline import lineage, subjects
from faastraingym.events.pipeline.ascent import Ascent, Lost, restorations
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.lineage import Lineage, NotPublished
from faastraingym.events.ports import LostObject, ObjectStore, Services, Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import Message, RestoreObject
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec

# A low estimate of the time for one object: work that waits for n objects asks O(log n) times.
SECONDS_EACH = 0.02
REMEMBERED = 4  # ascents, and the lineages of as many runs
LOOKED_FOR = 8  # objects at once

V = TypeVar("V")
Handler = Callable[[Any, Services], Awaitable[Any]]
Goals = Sequence[ObjectRef]


class BeingRestored(Unavailable):
    """The work waits for objects that are being made again; it waits longer for more of them."""

    def __init__(self, text: str, missing: int) -> None:
        super().__init__(text)
        self.again_after = max(1, math.ceil(missing * SECONDS_EACH))  # seconds


class Makers(NamedTuple):
    """The invocations to send next, and how many objects are missing."""

    commands: list[Invocation]
    missing: int


class Restorer:
    """Makes lost objects again, for one replica.

    It remembers how a run's objects were made and what is missing below a goal, so that the next
    step upwards costs the same however long the run is.
    """

    def __init__(self) -> None:
        self._lineages: OrderedDict[str, Lineage] = OrderedDict()  # by run
        self._ascents: OrderedDict[tuple[Any, ...], Ascent] = OrderedDict()  # by run and goal

    async def wanted(
        self, message: Message, lost: LostObject, history: History, services: Services
    ) -> Makers:
        """The invocations that make the missing inputs of `message`, of which `lost` is one."""
        there = await _keys(message.run, services)
        verify = lost.ref.key in there  # it is altered; others may be, too
        goals = [lost.ref]
        if history.started and lost.ref != history.started.manifest:
            siblings = lineage.inputs(message, history)
            goals += [ref for ref in siblings if ref.key not in there and ref != lost.ref]
        made = await self._remember(message.run, history, services)
        ascent = await _ascent(goals, made, there - {lost.ref.key}, verify, services)
        first = restorations(ascent.frontier(), made.towards(goals), verify, time.time())
        return Makers(first, len(ascent.missing))

    async def restore(
        self, message: RestoreObject, again: bool, handler: Handler, services: Services
    ) -> tuple[str, list[Invocation]]:
        """Make a lost object again: the result, in words, and the invocations to send next.

        Of several invocations for the same object, the one that made it goes on. `again`: the
        message was delivered before; its maker may have died before it asked for the next objects.
        RunFault: the object has other bytes now, or is not made from its origin at all.
        """
        key = message.object.key
        if await services.bucket.holds(message.object):
            if not again:
                return f"{key} is there", []
        else:
            made = await self._lineage(message, services)
            if made.prunes and made.is_passed(message, await _keys(message.run, services)):
                return f"{key} was made and removed again", []
            together = made.made_with(message.object)
            objects = RestoringObjects(services.objects, message.object, together)
            try:
                await handler(message.origin, services._replace(objects=objects))
            except LostObject as lost:  # it is altered: the listing had it
                asked = await self._from_below(message, services, verify=True)
                return f"{lost}; before {key} it is asked for", asked
            if not objects.restored:
                raise RunFault(objects.trouble)
        asked = await self._next(message, services)
        made = await self._lineage(message, services)
        return f"restored {key}", [*asked, *made.pruning(message)]

    async def _next(self, message: RestoreObject, services: Services) -> list[Invocation]:
        ascent = self._ascents.get((message.run, message.towards, message.verify))
        if ascent is None or message.object.key not in ascent.missing:
            return await self._from_below(message, services, message.verify)
        possible = [
            lost
            for lost in ascent.above(message.object.key)
            if await _is_possible(lost, ascent, message.verify, services)
        ]
        return restorations(possible, message.towards, message.verify, time.time())

    async def _from_below(
        self, message: RestoreObject, services: Services, verify: bool
    ) -> list[Invocation]:
        """The invocations to send, by a walk down from the wanted objects."""
        made = await self._lineage(message, services)
        there = await _keys(message.run, services)
        ascent = await _ascent(made.goals(message), made, there, verify, services)
        if made.explains(message):
            _remember(self._ascents, (message.run, message.towards, verify), ascent)
        return restorations(ascent.frontier(), message.towards, verify, time.time())

    async def _lineage(self, message: RestoreObject, services: Services) -> Lineage:
        """How the run's objects were made; from the remembered lineage if that is enough."""
        known = self._lineages.get(message.run)
        if known and known.explains(message):
            return known
        history = fold(await services.facts.read(*subjects.of_run(message.run)))
        return await self._remember(message.run, history, services)

    async def _remember(self, run: str, history: History, services: Services) -> Lineage:
        """The lineage of a run's objects; of the manifest alone, if the manifest is lost."""
        spec = None
        try:
            if history.started:
                spec = await specification(services, history.started.manifest)
        except LostObject:
            return Lineage(history, None)
        return _remember(self._lineages, run, Lineage(history, spec))


async def awaited(
    invocations: Iterable[Invocation], history: History, spec: RunSpec | None, services: Services
) -> list[Invocation]:
    """The invocations that make the missing inputs of `invocations`; none when all exist.

    None, too, where the log lost how an input was made: `invocations` publish that again.
    RunFault: no log could name the objects that an input was made from.
    """
    items = list(invocations)
    read = [ref for item in items for ref in lineage.inputs(item.message, history)]
    if not read:
        return []
    there = await _keys(items[0].message.run, services)
    goals = list({ref.key: ref for ref in read if ref.key not in there}.values())
    made = Lineage(history, spec)
    try:
        ascent = await _ascent(goals, made, there, False, services)
    except NotPublished:
        return []
    return restorations(ascent.frontier(), made.towards(goals), False, time.time())


async def _keys(run: str, services: Services) -> set[str]:
    return set(await services.bucket.keys(keys.of_run(run)))


async def _ascent(
    goals: Goals, made: Lineage, there: set[str], verify: bool, services: Services
) -> Ascent:
    """The way up to the goals; with `verify`, the listed objects at its edge are read as well."""
    ascent, read = Ascent(goals, made.missing(goals, there), there), set[str]()
    while verify and (unread := [ref for ref in ascent.edge() if ref.key not in read]):
        held = await asyncio.gather(*map(services.bucket.holds, unread))
        read |= {ref.key for ref in unread}
        there = there - {ref.key for ref, holds in zip(unread, held, strict=True) if not holds}
        ascent = Ascent(goals, made.missing(goals, there), there)
    return ascent


async def _is_possible(lost: Lost, ascent: Ascent, verify: bool, services: Services) -> bool:
    """Whether an object can be made now: it does not exist, and all its inputs do."""

    async def is_there(ref: ObjectRef) -> bool:
        if verify:
            return await services.bucket.holds(ref)
        return await services.objects.find(ref.key) is not None

    unseen = [ref for ref in lost.work.inputs if ref.key not in ascent.there]
    for start in range(0, len(unseen), LOOKED_FOR):
        some = unseen[start : start + LOOKED_FOR]
        found = await asyncio.gather(*map(is_there, some))
        ascent.there |= {ref.key for ref, is_found in zip(some, found, strict=True) if is_found}
        if not all(found):
            return False
    return not await is_there(lost.object)


def _remember(kept: OrderedDict[Any, V], key: Any, value: V) -> V:
    """Store the value, and drop the least recently used one."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
    return value


class RestoringObjects:
    """The store as the maker of a lost object sees it.

    It overwrites the lost object, and those that were made `together` with it, if the maker's bytes
    match the reference. If not, it writes nothing and returns the reference, as if another maker
    had been first.
    """

    def __init__(
        self, store: ObjectStore, lost: ObjectRef, together: Iterable[ObjectRef] = ()
    ) -> None:
        self._store = store
        self._lost = lost
        self._named = {ref.key: ref for ref in (*together, lost)}
        self.restored = False
        self.trouble = f"object {lost.key} was lost and is not made from its origin"

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; overwrite an object that is made again."""
        if key not in self._named:
            return await self._store.put(key, data, content_type)
        return await self.replace(key, data)

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes; RunFault: it is the lost one, which has other bytes now."""
        if ref == self._lost and not self.restored:
            raise RunFault(self.trouble)
        return await self._store.get(ref)

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        return await self._store.find(key)

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Overwrite; an object that is made again only with its old bytes."""
        named = self._named.get(key)
        found = hashlib.sha256(data).hexdigest()
        if named and found != named.sha256:
            if named == self._lost:
                self.trouble = (
                    f"object {key} was lost; made again it has SHA-256 {found}, not "
                    f"{named.sha256}: it comes from another version of the libraries or "
                    "another processor (`faastrain show` names them); go on there, or start a "
                    "new run"
                )
            return named
        self.restored = self.restored or named == self._lost
        return await self._store.replace(key, data)
