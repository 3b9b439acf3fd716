"""What outside events ask for."""

import base64
import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery import requests
from faastraingym.events.delivery.requests import KEY, Request, is_event
from faastraingym.events.triggers import outside_events
from faastraingym.events.triggers.outside_events import Misread, Requested, Uploaded
from faastraingym.schemas.errors import SchemaError
from faastraingym.schemas.references import RUN_PATTERN
from tests.fakes import InMemoryDelivery, InMemorySubscription

SPEC = {"seed": 7, "environment": {"id": "CartPole-v1"}}
JSON = json.dumps(SPEC).encode()
TOML = b"seed = 7\n[environment]\nid = 'CartPole-v1'\n"
ATTRIBUTES = {"specversion": "1.0", "id": "42", "source": "/ci", "type": "run.wanted"}
FROM_CI = "run-f784189ff248"  # SHA-256 of "/ci\n42"


def read(body: bytes | dict[str, Any], **headers: str) -> list[Requested | Uploaded | Misread]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return outside_events.read(data, named, "otherwise")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (JSON, "application/json"),
        (JSON, "Application/JSON; charset=utf-8"),
        (TOML, "application/toml"),
        (b"seed: 7\nenvironment: {id: CartPole-v1}\n", "application/yaml"),
    ],
)
def test_a_specification_asks_for_a_run(body: bytes, kind: str) -> None:
    assert read(body, content_type=kind, idempotency_key="mine") == [Requested("mine", SPEC)]


@pytest.mark.parametrize(
    ("key", "run"),
    [
        ("nightly-7", "nightly-7"),
        ('"nightly-7"', "nightly-7"),
        ("Nightly 7", "run-6f050fde1aee"),
        ("", "run-8e48aec36376"),
    ],
)
def test_the_key_names_the_run(key: str, run: str) -> None:
    """Where it can be a run's name; otherwise its digest does; without one, that of the call."""
    assert [one.run for one in read(JSON, idempotency_key=key)] == [run]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "event",
    [
        {"data": SPEC},
        {"data": TOML.decode(), "datacontenttype": "application/toml"},
        {"data_base64": base64.b64encode(JSON).decode()},
    ],
)
def test_a_structured_cloudevent_asks_for_a_run(event: dict[str, Any]) -> None:
    """Source and id name it."""
    kind = "application/cloudevents+json; charset=utf-8"
    assert read(ATTRIBUTES | event, content_type=kind) == [Requested(FROM_CI, SPEC)]


def test_a_binary_cloudevent_asks_for_the_same_run() -> None:
    headers = {f"ce_{name}": value for name, value in ATTRIBUTES.items()}
    assert read(TOML, content_type="application/toml", **headers) == [Requested(FROM_CI, SPEC)]


def record(key: str, event: str = "s3:ObjectCreated:Put") -> dict[str, Any]:
    return {"eventName": event, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}


def test_an_s3_notification_tells_of_files() -> None:
    """Keys are URL-encoded; what is no specification, or was removed, is left out."""
    records = [
        record("experiments%2Fa+b.toml"),
        record("experiments/c.YAML", "ObjectCreated:CompleteMultipartUpload"),
        record("experiments/a.toml.error.txt"),
        record("runs/x/manifest.json"),
        record("experiments/gone.json", "s3:ObjectRemoved:Delete"),
    ]
    expected = [Uploaded("b", "experiments/a b.toml"), Uploaded("b", "experiments/c.YAML")]
    assert read({"EventName": "x", "Key": "y", "Records": records}) == expected
    assert read({"Records": []}) == []


@pytest.mark.parametrize("bad", [{"s3": {}}, 7, None, {"eventName": 1, "s3": {"bucket": 2}}])
def test_a_record_that_is_none_costs_no_other_record(bad: Any) -> None:
    misread, uploaded = read({"Records": [bad, record("experiments/a.toml")]})
    assert isinstance(misread, Misread)
    assert misread.why.startswith("Records[0]: no record of an S3 notification (eventName,")
    assert uploaded == Uploaded("b", "experiments/a.toml")


@pytest.mark.parametrize(
    "event",
    [
        {"Event": "s3:TestEvent"},
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "t", "Bucket": "b"},
    ],
)
def test_a_notification_s_test_tells_of_nothing(event: dict[str, str]) -> None:
    assert read(event) == []


@pytest.mark.parametrize(("event", "count"), [("create", 1), ("update", 1), ("delete", 0)])
def test_a_seaweedfs_notification_tells_of_a_file(event: str, count: int) -> None:
    told = {"key": "/buckets/b/experiments/a+b.json", "event_type": event, "message": {}}
    assert read(told) == [Uploaded("b", "experiments/a+b.json")] * count


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (JSON, {"content_type": "application/x-www-form-urlencoded"}, "application/toml"),
        (b"{", {}, "specification.json, line 1, column 2: "),
        (b"[]", {}, "holds a list"),
        (
            {"id": "1"},
            {"content_type": requests.CLOUDEVENT},
            "without specversion, source, type",
        ),
        (
            ATTRIBUTES | {"specversion": "0.3"},
            {"content_type": requests.CLOUDEVENT},
            "of '0.3'",
        ),
        (JSON, {"ce_specversion": "1.0"}, "without id, source, type"),
        (
            ATTRIBUTES | {"data_base64": "?"},
            {"content_type": requests.CLOUDEVENT},
            "not base64",
        ),
    ],
)
def test_what_starts_no_run_is_told(body: Any, headers: dict[str, str], said: str) -> None:
    with pytest.raises(SchemaError) as refusal:
        read(body, **headers)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("headers", "body", "run"),
    [
        ({"Content-Type": "application/json", "Idempotency-Key": '"nightly"'}, b"{", "nightly"),
        (
            {"Content-Type": "application/cloudevents+json"},
            json.dumps(ATTRIBUTES | {"data": SPEC}).encode(),
            FROM_CI,
        ),
        ({"Content-Type": "application/json", "X-Call-Id": "otherwise"}, JSON, "run-8e48aec36376"),
        ({"Content-Type": "application/json"}, b"{", ""),
        ({"Content-Type": "application/json"}, b'{"Records": []}', ""),
        ({"Content-Type": "application/msgpack", "Idempotency-Key": "x"}, b"", ""),
    ],
)
def test_a_request_names_its_run_as_far_as_it_can_be_read(
    headers: dict[str, str], body: bytes, run: str
) -> None:
    assert outside_events.run_of(Request(headers=headers, body=body)) == run


@pytest.mark.parametrize("kind", ["text/yaml", "application/x-yaml", "text/x-yaml; charset=utf-8"])
def test_yaml_goes_by_its_former_names_too(kind: str) -> None:
    body = b"seed: 7\nenvironment: {id: CartPole-v1}\n"
    assert read(body, content_type=kind, idempotency_key="mine") == [Requested("mine", SPEC)]


def test_what_others_published_is_an_event_whatever_it_says_it_is() -> None:
    queue = InMemorySubscription(immediate=True, quiet=0.0)
    headers = {"Content-Type": "application/msgpack"}
    message = InMemoryDelivery(queue, "ftg-start.nightly", b"{}", "id", 1, headers)
    sent = outside_events.from_start(message).headers
    assert is_event({name.lower(): value for name, value in sent.items()})


@given(st.text(max_size=80), st.binary(max_size=50))
def test_an_upload_s_run_can_be_one(key: str, content: bytes) -> None:
    """Equal content under an equal key is one run; anything else is another."""
    run = outside_events.of_upload(key, content)
    assert re.fullmatch(RUN_PATTERN, run)
    assert re.fullmatch(RUN_PATTERN, outside_events.name(key))
    assert run == outside_events.of_upload(key, content)
    assert run != outside_events.of_upload(key, content + b" ")


@given(st.binary(max_size=200), st.sampled_from([*requests.NAME_OF, requests.CLOUDEVENT]))
def test_bytes_of_any_kind_are_an_event_or_refused(body: bytes, kind: str) -> None:
    with contextlib.suppress(SchemaError):
        for one in outside_events.read(body, {"content-type": kind}, "x"):
            assert isinstance(one, Requested | Uploaded | Misread)


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("application/json", {}),
        ("application/yaml", {"x_call_id": "another"}),
        ("application/json", {f"ce_{name}": value for name, value in ATTRIBUTES.items()}),
        ("application/json", {"ce_specversion": "1.0"}),
    ],
)
def test_a_signature_without_a_key_names_the_run(kind: str, headers: dict[str, str]) -> None:
    """Whatever else came with it: it is not signed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    (asked,) = outside_events.read(JSON, {"content-type": kind, **named}, "a call", "t=1,v1=00")
    assert asked == Requested(outside_events.name("t=1,v1=00"), SPEC)


def test_what_is_signed_names_the_run_of_a_signed_request() -> None:
    """Its key; a structured CloudEvent's source and id."""
    headers = {"content-type": "application/json", "idempotency-key": "mine"}
    assert outside_events.read(JSON, headers, "a call", "t=1,v2=00") == [Requested("mine", SPEC)]
    event = json.dumps(ATTRIBUTES | {"data": SPEC}).encode()
    found = outside_events.read(event, {"content-type": requests.CLOUDEVENT}, "a call", "t=1,v1=00")
    assert found == [Requested(FROM_CI, SPEC)]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, "nightly"),
        ({"Nats-Msg-Id": "42"}, "42"),
        ({"Nats-Msg-Id": "42", "Idempotency-Key": "mine"}, "mine"),
        ({f"ce-{name}": value for name, value in ATTRIBUTES.items()}, FROM_CI),
        ({"ce-specversion": "1.0", "ce-id": "7"}, "nightly"),
        ({"Idempotency-Key": "größe"}, outside_events.name("größe")),
        ({"Idempotency-Key": " \t"}, "nightly"),
    ],
)
def test_what_others_publish_is_named_by_key_event_or_subject(
    headers: dict[str, str], key: str
) -> None:
    """The name is its key, so that it can be signed."""
    queue = InMemorySubscription(immediate=True, quiet=0.0)
    message = InMemoryDelivery(queue, "ftg-start.nightly", b"{}", "id", 1, headers)
    request = outside_events.from_start(message)
    assert request.headers[KEY] == key
    assert request.headers["Content-Type"] == "application/json"
    passed = {name: value for name, value in headers.items() if name.startswith("ce-")}
    assert passed.items() <= request.headers.items()
    assert request.body == b"{}"
    assert request.call_id == outside_events.from_start(message).call_id


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (json.dumps(ATTRIBUTES | {"data": SPEC}).encode(), FROM_CI),
        (json.dumps({"id": "7"}).encode(), "nightly"),
        (b"{", "nightly"),
    ],
)
def test_a_structured_cloudevent_is_named_as_by_http(body: bytes, key: str) -> None:
    """By its source and id; what is none, by its subject: the stage says what is wrong."""
    queue = InMemorySubscription(immediate=True, quiet=0.0)
    headers = {"Content-Type": f"{requests.CLOUDEVENT}; charset=utf-8"}
    message = InMemoryDelivery(queue, "ftg-start.nightly", body, "id", 1, headers)
    assert outside_events.from_start(message).headers[KEY] == key
