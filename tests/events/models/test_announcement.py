"""A promotion as a CloudEvent: the same bytes at every attempt."""

import json

from faastraingym.events.models.announcement import event
from faastraingym.events.triggers import outside_events
from faastraingym.schemas.messages import ModelPromoted
from faastraingym.schemas.references import ObjectRef
from tests.events.models.versions import A_MOVE, A_VERSION

PROMOTED = ModelPromoted(
    run="models",
    model="cartpole",
    alias="champion",
    number=1,
    version=1,
    previous=0,
    rollback=False,
    manifest=ObjectRef(
        bucket="b", key="models/cartpole/1/manifest.msgpack", size=7, sha256="e" * 64
    ),
    sha256="a" * 64,
)


def test_it_has_what_cloudevents_ask_for_and_what_a_pipeline_needs() -> None:
    made = event(PROMOTED, A_MOVE, A_VERSION)
    assert made == event(PROMOTED, A_MOVE, A_VERSION)
    assert made.id == "cartpole@champion/1"
    document = json.loads(made.body)
    assert {name: document[name] for name in outside_events.ATTRIBUTES} == {
        "specversion": "1.0",
        "id": made.id,
        "source": "faastraingym:b",
        "type": "com.faastraingym.model.promoted",
    }
    assert document["time"] == "1970-01-01T00:00:01Z"
    assert document["subject"] == "cartpole@champion"
    told = {name: document["data"][name] for name in ("version", "previous", "run", "return_mean")}
    assert told == {"version": 1, "previous": 0, "run": "cartpole-1", "return_mean": 10.0}
    assert document["data"]["manifest"] == "s3://b/models/cartpole/1/manifest.msgpack"
