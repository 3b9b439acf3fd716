"""Readers of queue requests, stack.yml, triggers and specification files."""

import functools
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from faastraingym.algorithms import registry
from faastraingym.client import specifications
from faastraingym.client.errors import BadInput
from faastraingym.embedded import deployments
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.async_admission import DEFAULT_ADMISSION
from faastraingym.events.delivery import callbacks, queue_request, requests
from faastraingym.events.topology import quantities, stack_file
from faastraingym.events.triggers import cron, outside_events
from faastraingym.schemas.errors import (
    DocumentError,
    MessageError,
    SpecificationError,
    TriggerError,
)
from tests.fuzz.decoder import ROOT, SPEC, Decoder, json_text, texts
from tests.fuzz.inputs import DEEP, json_bombs, near, near_data, toml_bombs, yaml_bombs

EVENT = msgspec.json.encode(
    {
        "Records": [
            {
                "eventName": "s3:ObjectCreated:Put",
                "s3": {"bucket": {"name": "b"}, "object": {"key": "experiments%2Fa.toml"}},
            }
        ]
    }
)
CLOUDEVENT = msgspec.json.encode(
    {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "e30="}
)
QUEUED = (
    b'{"Function":"echo","Method":"POST","Path":"/a","QueryString":"b=c","Header":{"X-Call-Id":'
    b'["1"]},"Body":"aGk=","CallbackUrl":{"Scheme":"http","Host":"h:81","Path":"/p"}}'
)
STACK = (ROOT / "stack.yml").read_bytes()


def _trigger(kind: str, data: bytes) -> object:
    return outside_events.read(data, {"content-type": kind}, "otherwise")


def _specification(suffix: str) -> Callable[[bytes], object]:
    """A file of these bytes, as `faastrain start` reads it; then as start-run does."""

    def read(data: bytes) -> object:
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(data)
            file.flush()
            return registry.parse(specifications.load(Path(file.name)))

    return read


def _stack(data: bytes) -> object:
    with tempfile.NamedTemporaryFile(suffix=".yml") as file:
        file.write(data)
        file.flush()
        loaded = stack_file.load(Path(file.name), {})
        return stack_file.functions(loaded), deployments.of_stack(Path(file.name), {})


def _called_back(url: str) -> bytes:
    """As the gateway takes it: first the door, then the queue."""
    DEFAULT_ADMISSION.check_callback("echo", url, authenticated=True)
    return queue_request.encode("echo", [], b"", host="h", callback=url)


TABLE: dict[str, Decoder] = {
    "faastraingym.events.delivery.requests.run_of": Decoder(
        requests.run_of,
        (),
        st.one_of(near(QUEUED), near_data(json.loads(QUEUED)).map(json_text)),
        (QUEUED,),
        json_bombs(),
    ),
    "faastraingym.events.delivery.requests.from_queue": Decoder(
        requests.from_queue,
        (MessageError,),
        st.one_of(near(QUEUED), near_data(json.loads(QUEUED)).map(json_text)),
        (QUEUED,),
        json_bombs(),
    ),
    "faastraingym.events.topology.stack_file.load": Decoder(
        _stack, (stack_file.StackError, StackError), near(STACK), (STACK,), yaml_bombs()
    ),
    "faastraingym.events.topology.stack_file.seconds": Decoder(
        stack_file.seconds,
        (stack_file.StackError,),
        texts("1h30m", "250ms", "1.5s"),
        ("1h30m",),
        ("9" * 5000 + "s", "1.".join(["9" * 400] * 9) + "h", "٣m", "1s" * 50_000),
    ),
    "faastraingym.events.topology.stack_file.substitute": Decoder(
        lambda text: stack_file.substitute(text, {"A": "1"}),
        (),
        texts("${A:-b} ${C-d} $E"),
        ("${A}",),
        ("${" * 20_000, "${a-" * 20_000, "${" + "a" * 100_000),
    ),
    "faastraingym.events.triggers.cron.next_tick": Decoder(
        lambda text: cron.next_tick("f", text, datetime.now(UTC)),
        (stack_file.StackError,),
        texts("*/5 1-3 * * MON", "0 0 30 2 *"),
        ("* * * * *",),
        (
            "0 0 30 2 *",
            "0-99999999 * * * *",
            "*/0 * * * *",
            ",".join(["1"] * 9999) + " * * * *",
        ),
    ),
    "faastraingym.events.delivery.callbacks.origins": Decoder(
        callbacks.origins,
        (ValueError,),
        texts("https://ci.example.com,http://[::1]:9"),
        ("https://ci.example.com",),
        ("http://[", "http://h:" + "9" * 5000, "," * 100_000, "http://h," * 10_000),
    ),
    "faastraingym.embedded.gateway callback URL": Decoder(
        _called_back,
        (ProviderError,),
        texts("http://h:81/p?q=1#f", "https://[::1]:8/"),
        ("http://h",),
        ("http://[", "http://h:99999", "http://h:" + "9" * 5000, "http://[::1", "h" * 100_000),
    ),
    "faastraingym.events.topology.quantities.quantity": Decoder(
        quantities.quantity,
        (ValueError,),
        texts("512Mi", "1.5Gi"),
        ("512Mi",),
        (
            "9" * 400,
            "9" * 400 + "Gi",
            "1e999",
            "9" * 99_999 + "e-999",
            "0." + "0" * 100_000 + "1Mi",
            "٣Mi",
        ),
    ),
}
for suffix, good, bombs in (
    (".toml", (ROOT / "examples" / "cartpole.toml").read_bytes(), toml_bombs()),
    (".yaml", msgspec.yaml.encode(SPEC), yaml_bombs()),
    (".json", msgspec.json.encode(SPEC), json_bombs()),
):
    TABLE[f"faastraingym.client.specifications {suffix}"] = Decoder(
        _specification(suffix), (BadInput, SpecificationError), near(good), (good,), bombs
    )
for kind, good, bombs in (
    ("application/json", EVENT, json_bombs()),
    ("application/cloudevents+json", CLOUDEVENT, json_bombs()),
    ("application/yaml", msgspec.yaml.encode(SPEC), yaml_bombs()),
):
    TABLE[f"faastraingym.events.triggers.outside_events.read {kind}"] = Decoder(
        functools.partial(_trigger, kind),
        (DocumentError, TriggerError),
        near(good),
        (good,),
        bombs,
    )
TABLE["faastraingym.client.specifications --set"] = Decoder(
    lambda text: specifications.override(SPEC, [text]),
    (BadInput,),
    texts("algorithm.gamma=0.98", "a.b=[1]"),
    ("seed=1",),
    ("a=" + "[" * DEEP, "a=" + "9" * 5000, ".".join(["a"] * DEEP) + "=1"),
)
