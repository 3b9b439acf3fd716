"""The JSON Schemas: valid, and in agreement with the codecs."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given

from faastraingym.algorithms import registry
from faastraingym.schemas.export import documents
from faastraingym.schemas.messages import tag
from faastraingym.schemas.specification import RunSpec, to_dict
from tests.schemas import strategies
from tests.schemas.samples import SAMPLES

DOCUMENTS = documents(registry.specification())


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(DOCUMENTS[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_a_valid_schema_and_plain_json(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENTS[name])
    assert json.loads(json.dumps(DOCUMENTS[name]))["$schema"] == DOCUMENTS[name]["$schema"]


@pytest.mark.parametrize("sample", SAMPLES, ids=tag)
def test_the_schema_admits_every_message(sample) -> None:
    validator("messages").validate(msgspec.json.decode(msgspec.json.encode(sample)))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "run.stop-requested"},
        {"type": "run.stop-requested", "run": "a.b"},
        {"type": "run.stopped", "run": "a"},
        {"run": "a"},
    ],
)
def test_the_schema_refuses_what_the_decoder_refuses(message: dict[str, Any]) -> None:
    assert not validator("messages").is_valid(message)


@given(strategies.of(registry.specification()))
def test_the_schema_admits_every_specification(spec: RunSpec) -> None:
    validator("specification").validate(json.loads(json.dumps(to_dict(spec))))
