"""Readers of stored and sent data: schemas, manifests, specifications."""

import functools
from typing import Any

import msgpack
from hypothesis import strategies as st

from faastraingym.adapters.stage import manifests
from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import specification
from faastraingym.schemas import (
    arrays,
    dataset_record,
    dead_letter,
    event_backup,
    keys,
    models,
    payloads,
)
from faastraingym.schemas import messages as said
from faastraingym.schemas.errors import MessageError, ModelError, PayloadError, SpecificationError
from tests.events.models.versions import A_VERSION
from tests.fuzz.decoder import NOW, SPEC, Decoder, texts
from tests.fuzz.inputs import DEEP, msgpack_bombs, near, near_data, near_payload, packed
from tests.schemas import samples
from tests.schemas.golden import FOLDER
from tests.schemas.test_payloads import PAYLOADS

GOLDEN = tuple(path.read_bytes() for path in sorted(FOLDER.glob("*.msgpack")))
LETTER = dead_letter.encode(
    dead_letter.DeadLetter(
        function="f", subject="s", call_id="c", payload=b"p", attempts=1, status=500,
        error="e", at=NOW,
    )
)  # fmt: skip
COPY = event_backup.dump([said.StopRequested(run="r"), said.RunFailed(run="r", reason="why")])
DATASET = dataset_record.dump(
    dataset_record.DatasetRecord(
        spaces=[[4], "<f4"],
        episodes=1,
        parts=[dataset_record.DatasetPart(sha256="0" * 64, size=9, entries=2)],
    )
)
EXPERIMENT: dict[str, Any] = {
    "run": SPEC,
    "space": {
        "algorithm.gamma": {"kind": "choice", "values": [0.9, 0.99]},
        "algorithm.ent_coef": {
            "kind": "choice",
            "values": [0.0, 0.1],
            "when": {"algorithm.gamma": [0.9]},
        },
    },
    "seeds": [1, 2],
}
VERSION = models.dump(A_VERSION)
MANIFEST = manifests.dump("cartpole-1", registry.parse(SPEC))


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


def _wide_spaces() -> tuple[Any, ...]:
    """Few bytes, and configurations or conditions without end."""
    ten = {"kind": "choice", "values": list(range(10))}
    letters = [f"environment.kwargs.{letter}" for letter in "abcdefghijklmnopqrst"]
    each = {path: {"kind": "choice", "values": [1], "when": {path: [1]}} for path in letters}
    last = {**ten, "when": {path: list(range(10)) for path in letters[:-1]}}
    return (
        EXPERIMENT | {"space": dict.fromkeys(letters, ten)},
        EXPERIMENT | {"space": each},
        EXPERIMENT
        | {
            "space": dict.fromkeys(letters[:-1], ten) | {letters[-1]: last},
            "sampler": {"name": "random", "trials": 1},
        },
        EXPERIMENT | {"space": {f"x{i}": ten for i in range(5000)}},
        EXPERIMENT | {"space": {".".join("a" * 10_000): ten}},
    )


PAYLOAD_KINDS = {type(payload): arrays.unpack(payloads.dump(payload)) for payload in PAYLOADS}
TABLE: dict[str, Decoder] = {
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
        near_payload(*PAYLOAD_KINDS.values()),
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
    "faastraingym.schemas.dataset_record.load": Decoder(
        dataset_record.load,
        (PayloadError,),
        st.one_of(near(DATASET), near_data(msgpack.unpackb(DATASET)).map(packed)),
        (DATASET,),
        msgpack_bombs(),
    ),
    "faastraingym.schemas.models.load": Decoder(
        functools.partial(models.load, kind=models.ModelVersion),
        (PayloadError,),
        st.one_of(near(VERSION), near_data(msgpack.unpackb(VERSION)).map(packed)),
        (VERSION,),
        msgpack_bombs(),
    ),
    "faastraingym.schemas.models.parse": Decoder(
        models.parse,
        (ModelError,),
        texts("models/cartpole@champion"),
        ("cartpole/3", "cartpole"),
        ("a" * 1_000_000, "@" * 99, "models/" * 99),
    ),
    "faastraingym.schemas.keys.place": Decoder(
        keys.place,
        (),
        texts("runs/a/trajectories/3/1.msgpack"),
        ("runs/a/manifest",),
        ("/" * 99,),
    ),
    "faastraingym.algorithms.registry.parse": Decoder(
        registry.parse, (SpecificationError,), near_data(SPEC), (SPEC,), _raw_bombs()
    ),
    "faastraingym.algorithms.experiments.specification.parse": Decoder(
        specification.parse,
        (SpecificationError,),
        near_data(EXPERIMENT),
        (EXPERIMENT,),
        (*_raw_bombs(), *_wide_spaces()),
    ),
    "faastraingym.adapters.stage.manifests.parse": Decoder(
        manifests.parse,
        (PayloadError, SpecificationError),
        st.one_of(near(MANIFEST), near_data(msgpack.unpackb(MANIFEST)).map(packed)),
        (MANIFEST,),
        msgpack_bombs(),
    ),
}
for kind, good in PAYLOAD_KINDS.items():
    TABLE[f"faastraingym.schemas.payloads.load {kind.__name__}"] = Decoder(
        functools.partial(payloads.load, kind=kind),
        (PayloadError,),
        near_payload(good),
        (packed(good),),
        msgpack_bombs(),
    )
