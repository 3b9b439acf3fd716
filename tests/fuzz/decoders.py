"""Everything that reads bytes, text or data from outside, and what it may raise. Nothing else.

A decoder that is added to the code is added here: it is then fuzzed by `test_decoders.py` and by
`python -m tests.fuzz`.
"""

import functools
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

import msgpack
import msgspec
from aiohttp.test_utils import make_mocked_request
from hypothesis import strategies as st

from faastraingym.adapters.errors import Refused, SignatureError, Unavailable
from faastraingym.adapters.http import admission, signing
from faastraingym.adapters.http.admission import Asked, Secrets
from faastraingym.adapters.nats import direct, pull
from faastraingym.adapters.s3 import listing
from faastraingym.adapters.stage import manifests
from faastraingym.algorithms import registry
from faastraingym.cli import specification_files
from faastraingym.cli.errors import BadInput
from faastraingym.embedded import deployments
from faastraingym.embedded.contract import auth, http, messages, names, system
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.async_admission import DEFAULT_ADMISSION
from faastraingym.embedded.provider import function, handlers, provider
from faastraingym.events.delivery import callbacks, queue_request, requests
from faastraingym.events.topology import admits, quantities, stack_file
from faastraingym.events.triggers import cron, outside_events
from faastraingym.schemas import arrays, dead_letter, event_backup, keys, payloads
from faastraingym.schemas import messages as said
from faastraingym.schemas.errors import (
    DocumentError,
    MessageError,
    PayloadError,
    SpecificationError,
    TriggerError,
)
from faastraingym.schemas.specification import to_dict
from tests.fuzz.inputs import (
    DEEP,
    json_bombs,
    msgpack_bombs,
    near,
    near_data,
    near_payload,
    packed,
    toml_bombs,
    xml_bombs,
    yaml_bombs,
)
from tests.schemas import samples
from tests.schemas.golden import FOLDER
from tests.schemas.test_payloads import PAYLOADS

ROOT = Path(__file__).parents[2]
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
HEADERS = {
    "Nats-Sequence": "7",
    "Nats-Time-Stamp": "2024-01-02T03:04:05.678Z",
    "Nats-Num-Pending": "0",
}
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
LIST = (
    b'<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><Contents>'
    b"<Key>runs/a%2Bb</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified><ETag>&quot;4f&quot;"
    b"</ETag></Contents><CommonPrefixes><Prefix>runs/</Prefix></CommonPrefixes>"
    b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    b"</ListBucketResult>"
)
LOGS = {"name": "echo", "tail": "5", "since": "2024-01-02T03:04:05Z", "follow": "1"}
NOW = 1_700_000_000.0


class Decoder(NamedTuple):
    """One reader: how to call it, what it may raise, what to try it on."""

    decode: Callable[[Any], object]
    errors: tuple[type[Exception], ...]
    inputs: st.SearchStrategy[Any]
    good: tuple[Any, ...]  # what it must accept
    bombs: tuple[Any, ...] = ()


GOLDEN = tuple(path.read_bytes() for path in sorted(FOLDER.glob("*.msgpack")))
LETTER = dead_letter.encode(
    dead_letter.DeadLetter(
        function="f", subject="s", call_id="c", payload=b"p", attempts=1, status=500,
        error="e", at=NOW,
    )
)  # fmt: skip
COPY = event_backup.dump([said.StopRequested(run="r"), said.RunFailed(run="r", reason="why")])
SPEC = json.loads(msgspec.json.encode(to_dict(registry.parse({
    "environment": {"id": "CartPole-v1", "num_envs": 4, "kwargs": {"x": [1]}},
    "algorithm": {"name": "ppo", "num_minibatches": 4},
    "stop": {"env_steps": 1000, "target": 475.0},
    "rollout": {"count": 2, "threshold": 1},
    "reward": [
        {"kind": "scale", "factor": 2.0},
        {"kind": "clip", "low": -1.0, "high": 1.0},
        {"kind": "potential", "weights": [1.0]},
        {"kind": "normalize"},
    ],
}))))  # fmt: skip
MANIFEST = manifests.dump("cartpole-1", registry.parse(SPEC))
QUEUED = (
    b'{"Function":"echo","Method":"POST","Path":"/a","QueryString":"b=c","Header":{"X-Call-Id":'
    b'["1"]},"Body":"aGk=","CallbackUrl":{"Scheme":"http","Host":"h:81","Path":"/p"}}'
)
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
STACK = (ROOT / "stack.yml").read_bytes()
KEY, BODY = b"key", b"body"
SIGNATURE = signing.sign(KEY, "f", BODY, NOW)
SIGNATURE_OF_MORE = signing.sign(KEY, "f", BODY, NOW, path="/a", key="mine")
EVENT_HEADERS = {"content-type": "application/json", "x-ftg-signature": SIGNATURE}
TOKENS = "$JS.ACK.FTG.worker.1.7.7.1700000000000000000.0"
BASIC = auth.authorization("secret").encode()
FIXTURES = ROOT / "tests" / "embedded" / "functions_for_tests"
DEPLOYED = msgspec.json.encode(
    [{"deployment": GOOD_BODIES[messages.FunctionDeployment], "created_at": "2024-01-02T03:04:05Z"}]
)


def _body(kind: type) -> Decoder:
    """A body of the gateway's."""
    good = msgspec.json.encode(GOOD_BODIES[kind])
    inputs = st.one_of(near(good), near_data(GOOD_BODIES[kind]).map(_json_text))

    def decode(data: bytes) -> object:
        found = http.parse(data, kind)
        if isinstance(found, messages.FunctionDeployment):
            return function.read(found, FIXTURES, datetime.now(UTC))
        return found

    return Decoder(decode, (ProviderError,), inputs, (good,), json_bombs())


def _json_text(value: Any) -> bytes:
    """JSON as careless writers write it: NaN, lone surrogates."""
    return json.dumps(value, default=repr).encode()


def _trigger(kind: str, data: bytes) -> object:
    return outside_events.read(data, {"content-type": kind}, "otherwise")


def _specification(suffix: str) -> Callable[[bytes], object]:
    """A file of these bytes, as `faastrain start` reads it; then as start-run does."""

    def read(data: bytes) -> object:
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(data)
            file.flush()
            return registry.parse(specification_files.load(Path(file.name)))

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


def _log_query(query: dict[str, str]) -> object:
    pairs = "&".join(
        f"{quote(k, errors='replace')}={quote(v, errors='replace')}" for k, v in query.items()
    )
    return system.log_query(make_mocked_request("GET", f"/system/logs?{pairs}"))


def _stored(headers: dict[str, str]) -> object:
    message: Any = SimpleNamespace(headers=headers, data=b"x")
    return direct._message(message), direct._pending(message)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _registry() -> dict[str, Decoder]:
    payload_kinds = {type(payload): arrays.unpack(payloads.dump(payload)) for payload in PAYLOADS}
    table = {
        "faastraingym.schemas.messages.decode": Decoder(
            said.decode,
            (MessageError,),
            st.one_of(near(*GOLDEN), near_data(*map(msgpack.unpackb, GOLDEN)).map(packed)),
            GOLDEN,
            (*msgpack_bombs(), *_deep_messages()),
        ),
        "faastraingym.schemas.arrays.unpack": Decoder(
            arrays.unpack,
            (PayloadError,),
            near_payload(*payload_kinds.values()),
            tuple(map(payloads.dump, PAYLOADS)),
            msgpack_bombs(),
        ),
        "faastraingym.schemas.dead_letter.decode": Decoder(
            dead_letter.decode,
            (MessageError,),
            st.one_of(near(LETTER), near_data(msgpack.unpackb(LETTER)).map(packed)),
            (LETTER,),
            msgpack_bombs(),
        ),
        "faastraingym.schemas.event_backup.load": Decoder(
            event_backup.load,
            (MessageError,),
            st.one_of(near(COPY), near_data(msgpack.unpackb(COPY)).map(packed)),
            (COPY,),
            msgpack_bombs(),
        ),
        "faastraingym.schemas.keys.place": Decoder(
            keys.place,
            (),
            _texts("runs/a/trajectories/3/1.msgpack"),
            ("runs/a/manifest",),
            ("/" * 99,),
        ),
        "faastraingym.events.delivery.requests.run_of": Decoder(
            requests.run_of,
            (),
            st.one_of(near(QUEUED), near_data(json.loads(QUEUED)).map(_json_text)),
            (QUEUED,),
            json_bombs(),
        ),
        "faastraingym.algorithms.registry.parse": Decoder(
            registry.parse, (SpecificationError,), near_data(SPEC), (SPEC,), _raw_bombs()
        ),
        "faastraingym.events.delivery.requests.from_queue": Decoder(
            requests.from_queue,
            (MessageError,),
            st.one_of(near(QUEUED), near_data(json.loads(QUEUED)).map(_json_text)),
            (QUEUED,),
            json_bombs(),
        ),
        "faastraingym.events.topology.stack_file.load": Decoder(
            _stack, (stack_file.StackError, StackError), near(STACK), (STACK,), yaml_bombs()
        ),
        "faastraingym.events.topology.stack_file.seconds": Decoder(
            stack_file.seconds,
            (stack_file.StackError,),
            _texts("1h30m", "250ms", "1.5s"),
            ("1h30m",),
            ("9" * 5000 + "s", "1.".join(["9" * 400] * 9) + "h", "٣m", "1s" * 50_000),
        ),
        "faastraingym.events.topology.stack_file.substitute": Decoder(
            lambda text: stack_file.substitute(text, {"A": "1"}),
            (),
            _texts("${A:-b} ${C-d} $E"),
            ("${A}",),
            ("${" * 20_000, "${a-" * 20_000, "${" + "a" * 100_000),
        ),
        "faastraingym.events.triggers.cron.next_tick": Decoder(
            lambda text: cron.next_tick("f", text, datetime.now(UTC)),
            (stack_file.StackError,),
            _texts("*/5 1-3 * * MON", "0 0 30 2 *"),
            ("* * * * *",),
            (
                "0 0 30 2 *",
                "0-99999999 * * * *",
                "*/0 * * * *",
                ",".join(["1"] * 9999) + " * * * *",
            ),
        ),
        "faastraingym.adapters.stage.manifests.parse": Decoder(
            manifests.parse,
            (PayloadError, SpecificationError),
            st.one_of(near(MANIFEST), near_data(msgpack.unpackb(MANIFEST)).map(packed)),
            (MANIFEST,),
            msgpack_bombs(),
        ),
        "faastraingym.adapters.http.signing.verify": Decoder(
            lambda header: signing.verify(KEY, "f", BODY, header, NOW),
            (SignatureError,),
            _texts(SIGNATURE),
            (SIGNATURE,),
            ("t=" + "9" * 100_000 + ",v1=" + "0" * 64, "t=1,v1=" + "٣" * 64),
        ),
        "faastraingym.adapters.http.signing.verify key": Decoder(
            lambda key: signing.verify(KEY, "f", BODY, SIGNATURE_OF_MORE, NOW, path="/a", key=key),
            (SignatureError,),
            _texts("mine"),
            ("mine",),
            ("\n" * 100_000, "m" * 100_000, "\udcff"),
        ),
        "faastraingym.adapters.http.admission.admit": Decoder(
            lambda headers: [
                admission.admit(what, Asked("f", headers, BODY), Secrets(KEY, b"token"), NOW)
                for what in (admits.ANYBODY, admits.EVENT)
            ],
            (SignatureError,),
            near_data(EVENT_HEADERS).map(_string_headers),
            (EVENT_HEADERS,),
            ({"authorization": "Bearer " + "a" * 100_000}, {"authorization": "bearer \udcff"}),
        ),
        "faastraingym.events.delivery.callbacks.origins": Decoder(
            callbacks.origins,
            (ValueError,),
            _texts("https://ci.example.com,http://[::1]:9"),
            ("https://ci.example.com",),
            ("http://[", "http://h:" + "9" * 5000, "," * 100_000, "http://h," * 10_000),
        ),
        "faastraingym.adapters.nats.direct headers": Decoder(
            _stored,
            (Refused, Unavailable),
            near_data(HEADERS).map(_string_headers),
            (HEADERS,),
            ({"Nats-Sequence": "9" * 5000, "Nats-Time-Stamp": "9999-12-31T23:59:59+00:00"},),
        ),
        "faastraingym.adapters.s3.listing.page": Decoder(
            listing.page, (Unavailable,), near(LIST), (LIST,), xml_bombs()
        ),
        "faastraingym.adapters.nats.pull.position": Decoder(
            pull.position, (Refused,), _texts(TOKENS), (TOKENS,), ("." * 100_000,)
        ),
        "faastraingym.embedded.contract.auth.allowed": Decoder(
            lambda text: auth.allowed(text, "secret"),
            (),
            _texts(BASIC.decode()),
            (BASIC.decode(),),
            ("Basic " + "ü" * 1000, "Basic " + "A" * 100_000),
        ),
        "faastraingym.embedded.contract.system.log_query": Decoder(
            _log_query,
            (ProviderError,),
            near_data(LOGS).map(_string_headers),
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
            _texts("echo.openfaas-fn", "start-run"),
            ("start-run",),
            ("a" * 100_000, "a-" * 50_000),
        ),
        "faastraingym.embedded.gateway callback URL": Decoder(
            _called_back,
            (ProviderError,),
            _texts("http://h:81/p?q=1#f", "https://[::1]:8/"),
            ("http://h",),
            ("http://[", "http://h:99999", "http://h:" + "9" * 5000, "http://[::1", "h" * 100_000),
        ),
        "faastraingym.events.topology.quantities.quantity": Decoder(
            quantities.quantity,
            (ValueError,),
            _texts("512Mi", "1.5Gi"),
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
        "faastraingym.embedded.provider.handlers.check_handler": Decoder(
            _file(handlers.check_handler),
            (ProviderError,),
            near(HANDLER),
            (HANDLER,),
            HANDLER_BOMBS,
        ),
        "faastraingym.embedded.provider.provider.load": Decoder(
            _file(provider.load), (StackError,), near(DEPLOYED), (DEPLOYED,), json_bombs()
        ),
    }
    for suffix, good, bombs in (
        (".toml", (ROOT / "examples" / "cartpole.toml").read_bytes(), toml_bombs()),
        (".yaml", msgspec.yaml.encode(SPEC), yaml_bombs()),
        (".json", msgspec.json.encode(SPEC), json_bombs()),
    ):
        table[f"faastraingym.cli.specification_files {suffix}"] = Decoder(
            _specification(suffix), (BadInput, SpecificationError), near(good), (good,), bombs
        )
    for kind, good, bombs in (
        ("application/json", EVENT, json_bombs()),
        ("application/cloudevents+json", CLOUDEVENT, json_bombs()),
        ("application/yaml", msgspec.yaml.encode(SPEC), yaml_bombs()),
    ):
        table[f"faastraingym.events.triggers.outside_events.read {kind}"] = Decoder(
            functools.partial(_trigger, kind),
            (DocumentError, TriggerError),
            near(good),
            (good,),
            bombs,
        )
    table["faastraingym.cli.specification_files --set"] = Decoder(
        lambda text: specification_files.override(SPEC, [text]),
        (BadInput,),
        _texts("algorithm.gamma=0.98", "a.b=[1]"),
        ("seed=1",),
        ("a=" + "[" * DEEP, "a=" + "9" * 5000, ".".join(["a"] * DEEP) + "=1"),
    )
    for kind, good in payload_kinds.items():
        table[f"faastraingym.schemas.payloads.load {kind.__name__}"] = Decoder(
            functools.partial(payloads.load, kind=kind),
            (PayloadError,),
            near_payload(good),
            (packed(good),),
            msgpack_bombs(),
        )
    return table | {f"gateway body {kind.__name__}": _body(kind) for kind in GOOD_BODIES}


def _texts(*good: str) -> st.SearchStrategy[str]:
    """Arbitrary text, lone surrogates included, and mutations of good text."""
    return st.one_of(st.text(max_size=50), near(*(text.encode() for text in good)).map(_text))


def _string_headers(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(name): str(item) for name, item in pairs}


def _file(load: Callable[[Path], object]) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return load(Path(file.name))

    return read


def _deep_messages() -> tuple[bytes, ...]:
    """A good message up to a value that anybody may choose, which is then deep or long."""
    head = said.encode(said.RunRequested(run=samples.RUN, spec={"x": None}))[:-1]
    return (head + b"\x91" * DEEP + b"\xc0", head + b"\xdd\xff\xff\xff\xff", head + b"\xd9\x01\xff")


def _raw_bombs() -> tuple[Any, ...]:
    deep: Any = 1
    for _ in range(DEEP):
        deep = [deep]
    wide: Any = "x"
    for _ in range(30):
        wide = [wide] * 9  # the same list, nine times
    circle: dict[str, Any] = {}
    circle["environment"] = circle
    return (
        deep,
        {**SPEC, "seed": deep},
        {**SPEC, "environment": {"id": "x", "kwargs": {"k": wide}}},
        circle,
        {**SPEC, "seed": 10**5000},
        {**SPEC, "environment": {"id": "\ud800"}},
        {**SPEC, "stop": {"env_steps": float("inf")}},
        {1: 2, None: 3, ("a",): 4},
        {"environment": {"id": b"x", "kwargs": {1: {2, 3}}}},
        {"x" * 1_000_000: "y" * 1_000_000},
    )


DECODERS: dict[str, Decoder] = _registry()
