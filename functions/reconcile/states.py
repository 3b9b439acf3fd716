"""States of environments that nobody can ask for any more: their objects are removed."""

import logging

from faastraingym.adapters.errors import Refused
from faastraingym.events.ports import Bucket, Unavailable
from faastraingym.schemas import keys

logger = logging.getLogger(__name__)

MOST_REMOVED = 1000  # objects of one tick
HOUR = 3600


async def remove_expired(bucket: Bucket, now: float) -> None:
    """Remove the objects of the oldest hour whose tokens had expired an hour before `now`.

    `now` is Unix time in seconds. One hour's objects are listed in a tick, and `MOST_REMOVED` of
    them removed. Clocks may differ by the hour between.
    """
    try:
        hours = sorted(int(name) for name in await bucket.folders(keys.STATES) if name.isdecimal())
        if not hours or (hours[0] + 1) * HOUR > now:
            return
        expired = await bucket.keys(f"{keys.STATES}{hours[0]}/")
        await bucket.delete(expired[:MOST_REMOVED])
    except (Refused, Unavailable) as error:  # as by a policy of an earlier version
        logger.warning("expired states not removed", extra={"why": str(error)})
