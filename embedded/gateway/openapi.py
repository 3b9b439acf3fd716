"""The API's description, made from the routes that serve it."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from embedded.contract.system import Route

_ANY = ("get", "post", "put", "delete", "patch")


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"\{path:[^}]*\}", "", re.sub(r"\{(\w+):\[[^}]*\}", r"{\1}", route.path))
        methods = _ANY if route.method == "*" else (route.method.lower(),)
        for method in methods:
            paths.setdefault(path, {})[method] = _operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "FaaSTrainGym gateway, OpenFaaS's API", "version": "0.1.0"},
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "paths": paths,
    }


def _operation(route: Route, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "responses": {str(s): {"description": HTTPStatus(s).phrase} for s in route.statuses},
    }
    if names := re.findall(r"\{(\w+)\}", path):
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if path.startswith(("/system/", "/ui/")):
        operation["security"] = [{"basic": []}]
        operation["responses"]["401"] = {"description": HTTPStatus(401).phrase}
    return operation
