"""Exchanges with a server of OpenFaaS's API, recorded and held to its OpenAPI document."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

PATIENCE = 60.0  # seconds, a test's


class Exchange(NamedTuple):
    """One request and its answer; `headers` are the answer's, names in lower case."""

    method: str
    path: str
    sent: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: Mapping[str, str] = {}  # the request's headers, where they were kept

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status} {self.body[:300]!r}"


def exchange(
    port: int, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Exchange:
    """Send one request; nothing is added to it but what HTTP asks for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Exchange(method, path, body, answer.status, named, answer.read())
    finally:
        connection.close()


def operation(document: Mapping[str, Any], made: Exchange) -> tuple[str, Any]:
    """The document's path that was meant, and what it says of the method; None: nothing."""
    asked = made.path.partition("?")[0]
    for path, methods in document["paths"].items():
        below = "(/.*)?" if path.endswith("function/{name}") and path.count("/") == 2 else ""
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path) + below, asked):
            return path, methods.get(made.method.lower())
    return "", None


def faults(document: Mapping[str, Any], made: Exchange) -> Iterator[str]:
    """In what an exchange is not as the document says."""
    _, described = operation(document, made)
    if described is None:
        yield "no such operation"
        return
    response = described["responses"].get(str(made.status), described["responses"].get("default"))
    if response is None:
        yield f"status {made.status} is not documented"
        return
    media = made.headers.get("content-type", "").partition(";")[0]
    content = response.get("content", {})
    if made.body and content and media not in content and "default" not in described["responses"]:
        yield f"content type {media!r} is not documented"
    if media == "application/json" and media in content:
        yield from _invalid(document, content[media]["schema"], made.body)
    if made.status < 300 and "application/json" in described.get("requestBody", {}).get(
        "content", {}
    ):
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        yield from _invalid(document, schema, made.sent)


def _invalid(document: Mapping[str, Any], schema: Mapping[str, Any], body: bytes) -> Iterator[str]:
    whole = {"components": document["components"], "allOf": [schema]}
    for error in Draft202012Validator(whole).iter_errors(json.loads(body)):
        yield f"{error.json_path}: {error.message}"
