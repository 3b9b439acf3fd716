"""Which files of the inbox started no run yet: pure, from a listing and the log.

A notification only makes it quicker. A file was read when the log has its key and ETag
(`upload.heard`), or when its error lies beside it.
"""

from collections.abc import Collection, Iterable, Sequence

from faastraingym.events.ports import Listed, Recorded
from faastraingym.events.triggers import documents
from faastraingym.schemas import keys
from faastraingym.schemas.messages import UploadHeard

GRACE_SECONDS = 3.0  # for its notification; what is read twice starts one run all the same


def received(said: Iterable[Recorded]) -> set[tuple[str, str]]:
    """Key and ETag of each file that the log knows."""
    facts = [record.fact for record in said]
    return {(fact.key, fact.etag) for fact in facts if isinstance(fact, UploadHeard)}


def unheard(
    listed: Sequence[Listed], known: Collection[tuple[str, str]], now: float
) -> list[Listed]:
    """The files that started no run and have no error beside them; the newest first.

    Args:
        listed: all of the inbox.
        known: key and ETag of what was read.
        now: Unix time.
    """
    told_at = {one.key: one.modified for one in listed if one.key.endswith(keys.ERROR)}
    found = [
        one
        for one in listed
        if keys.is_experiment(one.key, documents.PARSERS)
        and (one.key, one.etag) not in known
        and not 0 <= now - one.modified < GRACE_SECONDS
        # An error of the same second may be of what lay there before.
        and not told_at.get(keys.refusal(one.key), 0.0) > one.modified
    ]
    return sorted(found, key=lambda one: one.modified, reverse=True)
