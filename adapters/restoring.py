"""The store as a stage sees it that makes a lost object again."""

import hashlib

from events.ports import ObjectStore
from schemas.errors import RunFault
from schemas.references import ObjectRef


class RestoringObjects:
    """The ObjectStore port; of all writes, the one of the lost object replaces what lies there."""

    def __init__(self, store: ObjectStore, lost: ObjectRef) -> None:
        self._store = store
        self._lost = lost
        self.restored = False

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; the lost object, whatever lies there.

        Raises:
            RunFault: made again, it has other bytes than the reference says.
        """
        if key != self._lost.key:
            return await self._store.put(key, data, content_type)
        found = hashlib.sha256(data).hexdigest()
        if found != self._lost.sha256:
            raise RunFault(
                f"object {key} was lost; made again it has SHA-256 {found}, not "
                f"{self._lost.sha256}: it comes from another version of the libraries or another "
                "processor (`faastrain show` names them); go on there, or start a new run"
            )
        self.restored = True
        return await self._store.replace(key, data)

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes."""
        return await self._store.get(ref)

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        return await self._store.find(key)

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write, whatever lies there."""
        return await self._store.replace(key, data)
