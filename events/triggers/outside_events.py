"""Outside events that start runs: from a posted or published event to its requests. Pure.

- a specification: JSON, TOML or YAML, by its content type;
- a CloudEvent 1.0, binary or structured, whose data is one (https://cloudevents.io);
- a bucket notification, as S3 and MinIO send it or as SeaweedFS does: files of `experiments/`.

Every run's name derives from the event itself, so that an event that comes twice starts one run.
"""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from faastraingym.events.delivery import requests
from faastraingym.events.delivery.requests import KEY, Request
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Delivery
from faastraingym.events.triggers import documents
from faastraingym.schemas.errors import SchemaError, TriggerError
from faastraingym.schemas.keys import is_experiment
from faastraingym.schemas.references import REGISTRY, RUN_PATTERN

ATTRIBUTES = ("specversion", "id", "source", "type")  # that every CloudEvent has
SALT = 8  # hexadecimal digits


class Requested(NamedTuple):
    """A run that is asked for: its name, its raw specification."""

    run: str
    spec: dict[str, Any]


class Uploaded(NamedTuple):
    """An object that was written to `experiments/`."""

    bucket: str
    key: str


class Misread(NamedTuple):
    """A record of a notification that cannot be read; the other records count."""

    why: str


def read(
    body: bytes, headers: Mapping[str, str], otherwise: str, signature: str = ""
) -> list[Requested | Uploaded | Misread]:
    """The runs and files that an event asks for; empty if it is about other objects.

    The names of `headers` are in lower case; `otherwise` names the run if the event has no key. A
    `signature` is given if it authenticates the request. It covers key and body only, so without a
    key it names the run itself, and the other headers do not count. TriggerError or DocumentError,
    if the event starts no run.
    """
    kind = requests.media_type(headers.get("content-type") or "application/json")
    own = ""
    if kind == requests.CLOUDEVENT:
        event = documents.parse("event.json", body)
        own, (kind, body) = _identity(event), _data(event)
    elif requests.BINARY_CLOUDEVENT in headers:
        own = signature or _binary_identity(headers)
    key = _unquoted(headers.get(KEY.lower(), "")) or own
    raw = documents.parse(_name(kind), body)
    if _is_notification(raw):
        return list(_notified(raw))
    return [Requested(name(key) if key else _hashed(signature or otherwise), raw)]


def from_start(message: Delivery) -> Request:
    """The unsigned HTTP request of an event that was published to start a run.

    Its key is that of its headers, else of its CloudEvent, else the end of its subject.
    """
    named = Request(headers=dict(message.headers)).named
    passed = {key: value for key, value in named.items() if key.startswith("ce-")}
    key = named.get(KEY.lower(), "").strip() or named.get(requests.MESSAGE_ID.lower(), "").strip()
    key = key or _own(message, named)
    headers = {
        requests.CALL_ID: str(uuid.uuid5(requests.DELIVERY, message.message_id)),
        requests.TOPIC: message.subject,
        "Content-Type": named.get("content-type", "application/json"),
        **passed,
        KEY: key if key.isascii() and key.isprintable() else name(key),  # as it can be signed
    }
    return Request(headers=headers, body=message.data)


def _own(message: Delivery, headers: Mapping[str, str]) -> str:
    with suppress(SchemaError):  # the stage refuses such an event
        if requests.media_type(headers.get("content-type", "")) == requests.CLOUDEVENT:
            return name(_identity(documents.parse("event.json", message.data)))
        if requests.BINARY_CLOUDEVENT in headers:
            return name(_binary_identity(headers))
    return message.subject.removeprefix(f"{subjects.START}.")


def run_of(request: Request) -> str:
    """The one run that a request from outside asks for; empty if it asks for none, or for files."""
    headers = request.named
    if not requests.is_event(headers):
        return ""
    key = _unquoted(headers.get(KEY.lower(), ""))
    if key:
        return name(key)
    shown = headers.get("authorization", "").lower().startswith("bearer ")
    signature = "" if shown else headers.get(requests.SIGNATURE.lower(), "")
    try:
        asked = read(request.body, headers, request.call_id, signature)
    except SchemaError:
        return ""
    return "".join(one.run for one in asked[:1] if isinstance(one, Requested))


def name(key: str) -> str:
    """The name of a key's run: the key itself if it is a valid name."""
    return key if re.fullmatch(RUN_PATTERN, key) and key != REGISTRY else _hashed(key)


def of_upload(key: str, content: bytes) -> str:
    """The name of an object's run: the file's name and a digest of key and content."""
    salt = _digest(key.encode() + b"\0" + content, SALT)
    stem = key.rpartition("/")[2].rpartition(".")[0]
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[: 62 - SALT].rstrip("-")
    return f"{slug or 'run'}-{salt}"


def _notified(raw: Mapping[str, Any]) -> Iterator[Uploaded | Misread]:
    for one in _written(raw):
        if isinstance(one, Misread) or is_experiment(one.key, documents.PARSERS):
            yield one


def _written(raw: Mapping[str, Any]) -> Iterator[Uploaded | Misread]:
    if isinstance(raw.get("Records"), list):  # of S3 and MinIO
        found = (_recorded(number, record) for number, record in enumerate(raw["Records"]))
        yield from (one for one in found if one is not None)
    elif _is_seaweedfs(raw) and raw["event_type"] in ("create", "update"):
        bucket, _, key = str(raw["key"]).removeprefix("/buckets/").partition("/")
        yield Uploaded(bucket, key)


def _recorded(number: int, record: Any) -> Uploaded | Misread | None:
    try:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        written = record["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
        found = Uploaded(str(bucket), unquote_plus(key))  # keys are URL-encoded in records only
    except (AttributeError, KeyError, TypeError):
        form = "eventName, s3.bucket.name, s3.object.key"
        return Misread(f"Records[{number}]: no record of an S3 notification ({form})")
    return found if written else None


def _is_notification(raw: Mapping[str, Any]) -> bool:
    """Whether it is one; S3 and MinIO send a test event when a notification is set up."""
    return "Records" in raw or _is_seaweedfs(raw) or raw.get("Event") == "s3:TestEvent"


def _is_seaweedfs(raw: Mapping[str, Any]) -> bool:
    return raw.keys() == {"key", "event_type", "message"}


def _data(event: Mapping[str, Any]) -> tuple[str, bytes]:
    kind = requests.media_type(str(event.get("datacontenttype") or "application/json"))
    if "data_base64" in event:
        try:
            return kind, base64.b64decode(str(event["data_base64"]), validate=True)
        except ValueError as error:
            raise TriggerError(f"data_base64: not base64: {error}") from error
    data = event.get("data")
    return kind, (data if isinstance(data, str) else json.dumps(data)).encode()


def _identity(event: Mapping[str, Any]) -> str:
    """Source and id of a CloudEvent, which together are unique."""
    missing = [name for name in ATTRIBUTES if not event.get(name)]
    if missing or event["specversion"] != "1.0":
        what = f"without {', '.join(missing)}" if missing else f"of {event['specversion']!r:.20}"
        raise TriggerError(f"a CloudEvent {what}; CloudEvents 1.0 has {', '.join(ATTRIBUTES)}")
    return f"{event['source']}\n{event['id']}"


def _binary_identity(headers: Mapping[str, str]) -> str:
    return _identity({name.removeprefix("ce-"): value for name, value in headers.items()})


def _name(kind: str) -> str:
    if kind not in requests.NAME_OF:
        known = ", ".join((*requests.NAME_OF, requests.CLOUDEVENT))
        raise TriggerError(f"Content-Type {kind!r:.80}: starts no run; write one of {known}")
    return requests.NAME_OF[kind]


def _unquoted(text: str) -> str:
    """A structured field's string (RFC 9651), or one without its quotes."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _hashed(key: str) -> str:
    return f"run-{_digest(key.encode(), 12)}"


def _digest(data: bytes, digits: int) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]
