"""What holds exchanges to a document finds what is wrong with them."""

import pytest

from faastraingym.embedded.gateway.app import GATEWAY_ROUTES
from faastraingym.embedded.gateway.openapi import document
from tests.embedded.contract.exchanges import Exchange, faults

DOCUMENT = document(GATEWAY_ROUTES)
JSON = {"content-type": "application/json; charset=utf-8"}
INFO = b'{"provider":{"provider":"p","version":{"release":"1"},"orchestration":"o"},"version":'
RIGHT = Exchange("GET", "/system/info", b"", 200, JSON, INFO + b'{"release":"1"},"arch":"a"}')
DEPLOYED = Exchange("POST", "/system/functions", b'{"service":"a","image":"b"}', 202, {}, b"")


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (RIGHT, []),
        (DEPLOYED, []),
        (RIGHT._replace(path="/system/nothing"), ["no such operation"]),
        (RIGHT._replace(method="POST"), ["no such operation"]),
        (RIGHT._replace(status=418), ["status 418 is not documented"]),
        (RIGHT._replace(headers={}), ["content type '' is not documented"]),
        (
            RIGHT._replace(body=INFO + b'"1","arch":"a"}'),
            ["$.version: '1' is not of type 'object'"],
        ),
        (DEPLOYED._replace(sent=b'{"service":"a"}'), ["$: 'image' is a required property"]),
    ],
)
def test_faults_are_named(made: Exchange, found: list[str]) -> None:
    """Operation, status, content type, answer, request."""
    assert list(faults(DOCUMENT, made)) == found
