"""The API's description, made from the routes that serve it and the structs that they take."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from faastraingym import __version__
from faastraingym.embedded.contract.system import Parameter, Route

_ANY = ("get", "post", "put", "delete", "patch", "head", "options", "trace")
_WITH_BODY = ("post", "put", "patch", "delete")
_SCHEMAS = "#/components/schemas/{name}"
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    routes = tuple(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"\{path:[^}]*\}", "", re.sub(r"\{(\w+):\[[^}]*\}", r"{\1}", route.path))
        methods = _ANY if route.method == "*" else (route.method.lower(),)
        for method in methods:
            paths.setdefault(path, {})[method] = _operation(route, path, method)
    kinds = {kind for route in routes for kind in (route.body, route.answer)} - {None, bytes}
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {"title": "FaaSTrainGym gateway, OpenFaaS's API", "version": __version__},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "paths": paths,
    }


def _operation(route: Route, path: str, method: str) -> dict[str, Any]:
    takes = route.body is not None and method in _WITH_BODY
    statuses = {*route.statuses, 400, 503, *((408, 413) if takes else ())}
    guarded = path.startswith(("/system/", "/ui/"))
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [_parameter(parameter) for parameter in route.parameters],
        "responses": {
            str(status): _response(route, status)
            for status in sorted({*statuses, *((401,) if guarded else ())})
        },
    }
    if route.answer is bytes:
        operation["responses"]["default"] = {"description": "The function's own answer"}
    if takes:
        operation["requestBody"] = {"required": route.body is not bytes, "content": _body(route)}
    if guarded:
        operation["security"] = [{"basic": []}]
    return operation


def _response(route: Route, status: int) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status == 200:
        kind = str if route.answer is None else route.answer
        return described | {"content": {route.media: {"schema": _schema(kind)}}}
    return described if status == 202 else described | {"content": _TEXT}


def _body(route: Route) -> dict[str, Any]:
    if route.body is bytes:
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    example = msgspec.to_builtins(route.example)
    return {"application/json": {"schema": _schema(route.body), "example": example}}


def _schema(kind: Any) -> Any:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_SCHEMAS)
    return schema


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described = parameter._asdict()
    described["in"] = described.pop("place")
    described["schema"] = {"type": "string"} | ({"minLength": 1} if parameter.required else {})
    return {key: value for key, value in described.items() if value != ""}
