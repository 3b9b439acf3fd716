"""Readers of the embedded gateway and provider: bodies, names, queries, handlers."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp.test_utils import make_mocked_request
from hypothesis import strategies as st

from faastraingym.embedded.contract import auth, http, messages, names, system
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.provider import function, handlers, provider
from tests.fuzz.decoder import ROOT, Decoder, json_text, of_file, string_headers, texts
from tests.fuzz.inputs import json_bombs, near, near_data

HANDLER = (ROOT / "template" / "python3-faastrain" / "function" / "handler.py").read_bytes()
HANDLER_BOMBS = (
    *(
        before * 10_000 + b"1" + after * 10_000
        for before, after in ((b"(", b")"), (b"[", b"]"), (b"-", b""), (b"f(", b")"))
    ),
    b"1" + b"+1" * 20_000,
    b"a" + b".a" * 20_000,
    b"if 1:\n" * 500,
    b"\0",
    b"9" * 5000,
)
LOGS = {"name": "echo", "tail": "5", "since": "2024-01-02T03:04:05Z", "follow": "1"}
GOOD_BODIES: dict[type, Any] = {}
GOOD_BODIES[messages.FunctionDeployment] = {
    "service": "echo",
    "image": "example/echo:1",
    "namespace": "openfaas-fn",
    "envVars": {"exec_timeout": "2m", "max_inflight": "4"},
    "secrets": [],
    "labels": {"com.openfaas.scale.min": "1", "com.openfaas.scale.max": "4"},
    "annotations": {"topic": "a.b"},
    "limits": {"memory": "512Mi", "cpu": "1000m"},
}
GOOD_BODIES |= {
    messages.Secret: {"name": "s", "value": "v", "rawValue": "aGk="},
    messages.ScaleRequest: {"serviceName": "echo", "replicas": 2},
    messages.DeleteRequest: {"functionName": "echo", "namespace": ""},
}
BASIC = auth.authorization("secret").encode()
FIXTURES = ROOT / "tests" / "embedded" / "functions_for_tests"
DEPLOYED = msgspec.json.encode(
    [{"deployment": GOOD_BODIES[messages.FunctionDeployment], "created_at": "2024-01-02T03:04:05Z"}]
)


def _body(kind: type) -> Decoder:
    """A body of the gateway's."""
    good = msgspec.json.encode(GOOD_BODIES[kind])
    inputs = st.one_of(near(good), near_data(GOOD_BODIES[kind]).map(json_text))

    def decode(data: bytes) -> object:
        found = http.parse(data, kind)
        if isinstance(found, messages.FunctionDeployment):
            return function.read(found, FIXTURES, datetime.now(UTC))
        return found

    return Decoder(decode, (ProviderError,), inputs, (good,), json_bombs())


def _log_query(query: dict[str, str]) -> object:
    pairs = "&".join(
        f"{quote(k, errors='replace')}={quote(v, errors='replace')}" for k, v in query.items()
    )
    return system.log_query(make_mocked_request("GET", f"/system/logs?{pairs}"))


TABLE: dict[str, Decoder] = {
    "faastraingym.embedded.contract.auth.allowed": Decoder(
        lambda text: auth.allowed(text, "secret"),
        (),
        texts(BASIC.decode()),
        (BASIC.decode(),),
        ("Basic " + "ü" * 1000, "Basic " + "A" * 100_000),
    ),
    "faastraingym.embedded.contract.system.log_query": Decoder(
        _log_query,
        (ProviderError,),
        near_data(LOGS).map(string_headers),
        (LOGS,),
        (
            {"name": "f", "tail": "9" * 5000},
            {"name": "f", "since": "0001-01-01T00:00:00+23:59"},
        ),
    ),
    "faastraingym.embedded.contract.names": Decoder(
        lambda text: (
            names.function_name(text),
            names.check_function_name(text),
            names.check_secret_name(text),
        ),
        (ProviderError,),
        texts("echo.openfaas-fn", "start-run"),
        ("start-run",),
        ("a" * 100_000, "a-" * 50_000),
    ),
    "faastraingym.embedded.provider.handlers.check_handler": Decoder(
        of_file(handlers.check_handler),
        (ProviderError,),
        near(HANDLER),
        (HANDLER,),
        HANDLER_BOMBS,
    ),
    "faastraingym.embedded.provider.provider.load": Decoder(
        of_file(provider.load), (StackError,), near(DEPLOYED), (DEPLOYED,), json_bombs()
    ),
}
TABLE |= {f"gateway body {kind.__name__}": _body(kind) for kind in GOOD_BODIES}
