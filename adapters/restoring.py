"""Making a lost object again: whom to ask for it, and what who is asked does."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.manifests import specification
from events import lineage
from events.commands import Invocation
from events.history import History
from events.ports import LostObject, ObjectStore, Services, Unavailable
from schemas.errors import RunFault
from schemas.messages import RestoreObject
from schemas.references import ObjectRef

ASKED_EVERY = 10.0  # seconds: so often an object that is still lost is asked for again


class BeingRestored(Unavailable):
    """The work waits for an object that its maker makes again: a matter of seconds."""


async def asked(lost: LostObject, history: History, services: Services) -> Invocation:
    """The invocation of the lost object's maker; of the manifest's, when that is lost too.

    Raises:
        RunFault: the log does not say what it was made from.
    """
    spec = None
    try:
        if history.started:
            spec = await specification(services, history.started.manifest)
    except LostObject as manifest:
        lost = manifest
    return lineage.restoration(lost.ref, history, spec, attempt=int(time.time() / ASKED_EVERY))


async def restore(
    message: RestoreObject, handler: Callable[[Any, Services], Awaitable[Any]], services: Services
) -> str:
    """Make a lost object again, as it once was made; what came of it was said then.

    Raises:
        RunFault: it has other bytes now, or is not made from its origin at all.
    """
    if await services.bucket.holds(message.object):  # who waits asks again and again
        return f"{message.object.key} is there"
    objects = RestoringObjects(services.objects, message.object)
    await handler(message.origin, services._replace(objects=objects))
    if not objects.restored:
        raise RunFault(objects.trouble)
    return f"restored {message.object.key}"


class RestoringObjects:
    """The store as the maker sees it: the lost object is the one that its reference names.

    What the maker writes there is written whatever lies there, if it has the reference's bytes;
    else the maker is told that another's object was first, as the reference says.
    """

    def __init__(self, store: ObjectStore, lost: ObjectRef) -> None:
        self._store = store
        self._lost = lost
        self.restored = False
        self.trouble = f"object {lost.key} was lost and is not made from its origin"

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; the lost object, whatever lies there."""
        if key != self._lost.key:
            return await self._store.put(key, data, content_type)
        return await self.replace(key, data)

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes.

        Raises:
            RunFault: it is the lost one, which has other bytes now.
        """
        if ref == self._lost and not self.restored:
            raise RunFault(self.trouble)
        return await self._store.get(ref)

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        return await self._store.find(key)

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write, whatever lies there; the lost object only as it was."""
        if key == self._lost.key:
            found = hashlib.sha256(data).hexdigest()
            if found != self._lost.sha256:
                self.trouble = (
                    f"object {key} was lost; made again it has SHA-256 {found}, not "
                    f"{self._lost.sha256}: it comes from another version of the libraries or "
                    "another processor (`faastrain show` names them); go on there, or start a "
                    "new run"
                )
                return self._lost
            self.restored = True
        return await self._store.replace(key, data)
