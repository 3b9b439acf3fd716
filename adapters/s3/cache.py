"""A warm replica's cache of the store: objects never change, so a copy is never stale."""

import hashlib
from collections import OrderedDict

from faastraingym.events.ports import ObjectStore
from faastraingym.schemas.references import ObjectRef

CAPACITY = 64 << 20  # bytes


class CachedObjects:
    """The ObjectStore port; caches the most recently used objects by their SHA-256."""

    def __init__(self, store: ObjectStore, capacity: int = CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; cached only when the stored object is `data`."""
        ref = await self._store.put(key, data, content_type)
        if ref.sha256 == hashlib.sha256(data).hexdigest():
            self._keep(ref.sha256, data)
        return ref

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes, from the cache if it has them."""
        data = self._kept.get(ref.sha256)
        if data is None:
            data = await self._store.get(ref)
        self._keep(ref.sha256, data)
        return data

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        return await self._store.find(key)

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write or overwrite, and cache."""
        ref = await self._store.replace(key, data)
        self._keep(ref.sha256, data)
        return ref

    def _keep(self, digest: str, data: bytes) -> None:
        if digest not in self._kept:
            self._size += len(data)
            self._kept[digest] = data
        self._kept.move_to_end(digest)
        while self._size > self._capacity:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)
