"""The inbox compared with the log: a file that started no run starts one (ADR 33)."""

import logging
import time
from collections.abc import Collection, Sequence

from faastraingym.adapters.errors import Refused
from faastraingym.events.gathering import each
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Listed, Services, Unavailable
from faastraingym.events.triggers import documents, outside_events
from faastraingym.events.triggers.uploads import received, unheard
from faastraingym.schemas import keys
from faastraingym.schemas.messages import HearUpload, UploadHeard, tag

logger = logging.getLogger(__name__)

MOST_READ = 1000  # files in one tick, the newest first; files in the log are not read again
AT_ONCE = 16  # of a MiB each at most


async def hear(known: Collection[str], services: Services) -> Sequence[UploadHeard | HearUpload]:
    """The facts on files whose run is `known`, and commands to process the other files."""
    try:
        listed = await services.bucket.listed(keys.EXPERIMENTS)
    except (Refused, Unavailable) as error:  # as by a policy of an earlier version
        logger.warning("the inbox cannot be listed", extra={"why": str(error)})
        return []
    if not unheard(listed, (), time.time()):
        return []
    heard = await services.facts.read(subjects.of_topic(tag(UploadHeard)))
    new = unheard(listed, received(heard), time.time())
    if len(new) > MOST_READ:
        logger.warning("the rest waits for the next tick", extra={"files": len(new)})
    found = await each(lambda file: _one(file, known, services), new[:MOST_READ], AT_ONCE)
    return [message for message in found if message is not None]


async def _one(
    file: Listed, known: Collection[str], services: Services
) -> UploadHeard | HearUpload | None:
    """A run's name is made of its file's content, so the file is read."""
    try:
        data = await services.bucket.read(file.key, documents.MAX_BYTES + 1, file.etag)
    except (Refused, Unavailable) as error:  # as of one that its disk has altered
        logger.warning("upload not read", extra={"key": file.key, "why": str(error)})
        return None
    if data is None:  # gone, or another one
        return None
    run = outside_events.of_upload(file.key, data)
    if run in known:
        return UploadHeard(run=run, key=file.key, etag=file.etag)
    return HearUpload(run=run, key=file.key)
