"""The OpenAPI 3.1 document of a function that answers callers, made from its structs. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from faastraingym import __version__
from faastraingym.adapters.http.wire import KINDS
from faastraingym.schemas.answers import STATUS, Failure

_SCHEMAS = "#/components/schemas/{name}"


Kinds = tuple[type[Struct], type[Struct]]  # what a verb takes and gives


def encoded(function: str, verbs: Mapping[str, Kinds]) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document(function, verbs))


def document(function: str, verbs: Mapping[str, Kinds]) -> dict[str, Any]:
    """The document; paths are those of a gateway."""
    kinds = [Failure, *(kind for both in verbs.values() for kind in both)]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"FaaSTrainGym, {function}", "version": __version__},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"caller": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"caller": []}],
        "paths": {
            f"/function/{function}{path and '/'}{path}": {"post": _operation(*both)}
            for path, both in verbs.items()
        },
    }


def _operation(takes: type[Struct], gives: type[Struct]) -> dict[str, Any]:
    failures = {str(status): _described(kind, Failure) for kind, status in STATUS.items()}
    return {
        "summary": (takes.__doc__ or "").strip().partition("\n")[0],
        "requestBody": {"required": True, "content": _content(takes)},
        "responses": {"200": _described("done", gives), **failures},
    }


def _described(words: str, kind: type[Struct]) -> dict[str, Any]:
    return {"description": words, "content": _content(kind)}


def _content(kind: type[Struct]) -> dict[str, Any]:
    schema = {"$ref": _SCHEMAS.format(name=kind.__name__)}
    return {media: {"schema": schema} for media in KINDS}
