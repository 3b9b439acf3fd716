"""A promotion as a CloudEvent 1.0 for other pipelines: pure, so every attempt has the same bytes.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from faastraingym.schemas.messages import ModelPromoted, tag
from faastraingym.schemas.models import ModelVersion, Promotion

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


class Event(NamedTuple):
    """An event as it is sent."""

    id: str  # the same for the same promotion, for ever
    body: bytes  # JSON, structured mode


def event(promoted: ModelPromoted, move: Promotion, version: ModelVersion) -> Event:
    """The event of a promotion.

    Args:
        promoted: the fact.
        move: its record.
        version: that the alias points to from now on.
    """
    number = f"{promoted.model}@{promoted.alias}/{promoted.number}"
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": number,
        "source": f"faastraingym:{promoted.manifest.bucket}",
        "type": f"com.faastraingym.{tag(promoted)}",
        "subject": f"{promoted.model}@{promoted.alias}",
        "time": datetime.fromtimestamp(move.at, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "model": promoted.model,
            "alias": promoted.alias,
            "number": promoted.number,
            "version": promoted.version,
            "previous": promoted.previous,
            "rollback": promoted.rollback,
            "by": move.by,
            "run": version.run,
            "environment": version.environment.id,
            "return_mean": version.mean,
            "return_low": version.low,
            "return_high": version.high,
            "policy_sha256": promoted.sha256,
            "manifest": f"s3://{promoted.manifest.bucket}/{promoted.manifest.key}",
        },
    }
    return Event(number, msgspec.json.encode(document))
