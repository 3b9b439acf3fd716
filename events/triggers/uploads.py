"""The files of the inbox that started no run yet, from a listing and the log: pure.

A notification only makes it quicker. A file was read if the log has its key and ETag
(`upload.heard`), or if its error lies beside it.
"""

from collections.abc import Collection, Iterable, Sequence

from faastraingym.events.ports import Listed, Recorded
from faastraingym.events.triggers import documents
from faastraingym.schemas import keys
from faastraingym.schemas.messages import UploadHeard

GRACE_SECONDS = 3.0  # for its notification; a file that is read twice starts one run


def received(said: Iterable[Recorded]) -> set[tuple[str, str]]:
    """Key and ETag of each file that the log knows."""
    facts = [record.fact for record in said]
    return {(fact.key, fact.etag) for fact in facts if isinstance(fact, UploadHeard)}


def unheard(
    listed: Sequence[Listed], known: Collection[tuple[str, str]], now: float
) -> list[Listed]:
    """The files that started no run and have no error beside them; the newest first.

    `known` are key and ETag of the files that were read; `now` is Unix time, seconds.
    """
    refused_at = {one.key: one.modified for one in listed if one.key.endswith(keys.ERROR)}
    found = [
        one
        for one in listed
        if keys.is_experiment(one.key, documents.PARSERS)
        and (one.key, one.etag) not in known
        and not 0 <= now - one.modified < GRACE_SECONDS
        # An error of the same second may belong to the file's earlier content.
        and not refused_at.get(keys.refusal(one.key), 0.0) > one.modified
    ]
    return sorted(found, key=lambda one: one.modified, reverse=True)
