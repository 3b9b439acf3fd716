"""Outside events that start runs: from what somebody posts or publishes to what is asked for. Pure.

- a specification: JSON, TOML or YAML, by its content type;
- a CloudEvent 1.0, binary or structured, whose data is one (https://cloudevents.io);
- a bucket notification, as S3 and MinIO send it or as SeaweedFS does: files of `experiments/`.

Every run's name derives from the event itself, so that an event that comes twice starts one run.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from events import documents
from events.requests import KEY
from schemas.errors import TriggerError
from schemas.keys import is_experiment
from schemas.references import RUN_PATTERN

CLOUDEVENT = "application/cloudevents+json"
ATTRIBUTES = ("specversion", "id", "source", "type")  # that every CloudEvent has
NAME_OF = {  # what parses a content type
    "application/json": "specification.json",
    "application/toml": "specification.toml",
    "application/yaml": "specification.yaml",
}
SALT = 8  # hexadecimal digits


class Requested(NamedTuple):
    """A run that is asked for: its name, its raw specification."""

    run: str
    spec: dict[str, Any]


class Uploaded(NamedTuple):
    """An object of `experiments/` that was written."""

    bucket: str
    key: str


def is_one(headers: Mapping[str, str]) -> bool:
    """Whether a request says that it is an outside event; names of headers in lower case."""
    kind = _media_type(headers.get("content-type", ""))
    return kind in (*NAME_OF, CLOUDEVENT) or "ce-specversion" in headers


def read(body: bytes, headers: Mapping[str, str], otherwise: str) -> list[Requested | Uploaded]:
    """What an event asks for; nothing when it tells of other objects.

    Args:
        body: of the request.
        headers: names in lower case.
        otherwise: what names the run when the event has no key of its own.

    Raises:
        TriggerError, DocumentError: nothing that starts a run.
    """
    kind = _media_type(headers.get("content-type") or "application/json")
    own = ""
    if kind == CLOUDEVENT:
        event = documents.parse("event.json", body)
        own, (kind, body) = _identity(event), _data(event)
    elif "ce-specversion" in headers:
        own = _identity({name.removeprefix("ce-"): value for name, value in headers.items()})
    key = _unquoted(headers.get(KEY.lower(), "")) or own
    raw = documents.parse(_name(kind), body)
    notified = list(_notified(raw))
    if notified:
        return [one for one in notified if is_experiment(one.key, documents.PARSERS)]
    return (
        [] if _is_notification(raw) else [Requested(name(key) if key else _hashed(otherwise), raw)]
    )


def name(key: str) -> str:
    """A key's run: the key itself where it can be one's name."""
    return key if re.fullmatch(RUN_PATTERN, key) else _hashed(key)


def of_upload(key: str, content: bytes) -> str:
    """An object's run: the file's name and a digest of key and content."""
    salt = _digest(key.encode() + b"\0" + content, SALT)
    stem = key.rpartition("/")[2].rpartition(".")[0]
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[: 62 - SALT].rstrip("-")
    return f"{slug or 'run'}-{salt}"


def _notified(raw: Mapping[str, Any]) -> Iterator[Uploaded]:
    """The objects that a notification says were written."""
    if isinstance(raw.get("Records"), list):  # S3's, which MinIO sends too
        for record in raw["Records"]:
            yield from _recorded(record)
    elif _is_seaweedfs(raw) and raw["event_type"] in ("create", "update"):
        bucket, _, key = str(raw["key"]).removeprefix("/buckets/").partition("/")
        yield Uploaded(bucket, key)


def _recorded(record: Any) -> Iterator[Uploaded]:
    """Keys are URL-encoded in records alone."""
    try:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        written = record["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
        found = Uploaded(str(bucket), unquote_plus(key))
    except (AttributeError, KeyError, TypeError) as error:
        raise TriggerError(
            "Records: no record of an S3 notification (eventName, s3.bucket.name, s3.object.key)"
        ) from error
    if written:
        yield found


def _is_notification(raw: Mapping[str, Any]) -> bool:
    return "Records" in raw or _is_seaweedfs(raw)


def _is_seaweedfs(raw: Mapping[str, Any]) -> bool:
    return raw.keys() == {"key", "event_type", "message"}


def _data(event: Mapping[str, Any]) -> tuple[str, bytes]:
    """A structured CloudEvent's data and their content type."""
    kind = _media_type(str(event.get("datacontenttype") or "application/json"))
    if "data_base64" in event:
        try:
            return kind, base64.b64decode(str(event["data_base64"]), validate=True)
        except ValueError as error:
            raise TriggerError(f"data_base64: not base64: {error}") from error
    data = event.get("data")
    return kind, (data if isinstance(data, str) else json.dumps(data)).encode()


def _identity(event: Mapping[str, Any]) -> str:
    """What no other CloudEvent has: source and id together."""
    missing = [name for name in ATTRIBUTES if not event.get(name)]
    if missing or event["specversion"] != "1.0":
        what = f"without {', '.join(missing)}" if missing else f"of {event['specversion']!r:.20}"
        raise TriggerError(f"a CloudEvent {what}; CloudEvents 1.0 has {', '.join(ATTRIBUTES)}")
    return f"{event['source']}\n{event['id']}"


def _name(kind: str) -> str:
    if kind not in NAME_OF:
        known = ", ".join((*NAME_OF, CLOUDEVENT))
        raise TriggerError(f"Content-Type {kind!r:.80}: starts no run; write one of {known}")
    return NAME_OF[kind]


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _unquoted(text: str) -> str:
    """A structured field's string (RFC 9651), or one that somebody wrote as it is."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _hashed(key: str) -> str:
    return f"run-{_digest(key.encode(), 12)}"


def _digest(data: bytes, digits: int) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]
