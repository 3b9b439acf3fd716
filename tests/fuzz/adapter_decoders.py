"""Readers of what NATS, S3 and HTTP clients send: signatures, headers, listings."""

import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from gymnasium import spaces

from faastraingym.adapters.errors import Refused, SignatureError, Unavailable
from faastraingym.adapters.http import admission, callers, signing, wire
from faastraingym.adapters.http.admission import Asked, Secrets
from faastraingym.adapters.nats import direct, pull
from faastraingym.adapters.packages import wheels
from faastraingym.adapters.s3 import listing
from faastraingym.algorithms.environments.batches import Actions
from faastraingym.events.topology import admits
from faastraingym.functions.env_step import tokens
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import pack
from faastraingym.schemas.env_step import Step
from faastraingym.schemas.errors import PackageError
from tests.adapters.packages.archives import lying, wheel, zeros
from tests.fuzz.decoder import NOW, Decoder, json_text, string_headers, texts
from tests.fuzz.inputs import near, near_data, near_payload, xml_bombs

HEADERS = {
    "Nats-Sequence": "7",
    "Nats-Time-Stamp": "2024-01-02T03:04:05.678Z",
    "Nats-Num-Pending": "0",
}
LIST = (
    b'<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><Contents>'
    b"<Key>runs/a%2Bb</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified><ETag>&quot;4f&quot;"
    b"</ETag></Contents><CommonPrefixes><Prefix>runs/</Prefix></CommonPrefixes>"
    b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    b"</ListBucketResult>"
)
KEY, BODY = b"key", b"body"
SIGNATURE = signing.sign(KEY, "f", BODY, NOW)
SIGNATURE_OF_MORE = signing.sign(KEY, "f", BODY, NOW, path="/a", key="mine")
EVENT_HEADERS = {"content-type": "application/json", "x-ftg-signature": SIGNATURE}
TOKENS = "$JS.ACK.FTG.worker.1.7.7.1700000000000000000.0"


def _stored(headers: dict[str, str]) -> object:
    message: Any = SimpleNamespace(headers=headers, data=b"x")
    return direct._message(message), direct._pending(message)


ACTED = spaces.Dict({"a": spaces.Discrete(3, start=1), "b": spaces.Box(-1, 1, (2,))})
ACTIONS = {"a": [[1, 3]], "b": [[[0.5, 1], [-1, 0]]]}
ARRAYS = {"a": np.array([[1, 3]]), "b": np.zeros((1, 2, 2))}
TOKEN = tokens.sealed(KEY, "ann", b"a state", NOW)


def _acted(kind: str) -> Callable[[bytes], object]:
    return lambda body: Actions(
        wire.decode(body, Step, {"content-type": kind}).actions, ACTED, 2
    ).at(0)


TABLE: dict[str, Decoder] = {
    "faastraingym.adapters.http.callers.read": Decoder(
        callers.read,
        (ValueError,),
        texts("ann a-token-of-ann's\nbob another-one-of-bob's"),
        ("ann a-token-of-ann's",),
        ("ann " + "a" * 1_000_000, "\n" * 1_000_000),
    ),
    "faastraingym.functions.env_step.tokens.opened": Decoder(
        lambda token: tokens.opened(KEY, "ann", token, NOW),
        (AnswerError,),
        texts(TOKEN),
        (TOKEN,),
        ("A" * 1_000_000, "\udcff"),
    ),
    "faastraingym.adapters.http.wire.decode json": Decoder(
        _acted(wire.JSON),
        (AnswerError,),
        near(json_text({"state": "", "actions": ACTIONS})),
        (json_text({"state": "", "actions": ACTIONS}),),
        (b"[" * 1_000_000, b'{"state": "", "actions": ' + b"[" * 1_000_000),
    ),
    "faastraingym.adapters.http.wire.decode msgpack": Decoder(
        _acted(wire.MSGPACK),
        (AnswerError,),
        near_payload({"state": "", "actions": ARRAYS}),
        (pack({"state": "", "actions": ARRAYS}),),
    ),
    "faastraingym.adapters.http.signing.verify": Decoder(
        lambda header: signing.verify(KEY, "f", BODY, header, NOW),
        (SignatureError,),
        texts(SIGNATURE),
        (SIGNATURE,),
        ("t=" + "9" * 100_000 + ",v1=" + "0" * 64, "t=1,v1=" + "٣" * 64),
    ),
    "faastraingym.adapters.http.signing.verify key": Decoder(
        lambda key: signing.verify(KEY, "f", BODY, SIGNATURE_OF_MORE, NOW, path="/a", key=key),
        (SignatureError,),
        texts("mine"),
        ("mine",),
        ("\n" * 100_000, "m" * 100_000, "\udcff"),
    ),
    "faastraingym.adapters.http.admission.admit": Decoder(
        lambda headers: [
            admission.admit(what, Asked("f", headers, BODY), Secrets(KEY, b"token"), NOW)
            for what in (admits.ANYBODY, admits.EVENT)
        ],
        (SignatureError,),
        near_data(EVENT_HEADERS).map(string_headers),
        (EVENT_HEADERS,),
        ({"authorization": "Bearer " + "a" * 100_000}, {"authorization": "bearer \udcff"}),
    ),
    "faastraingym.adapters.nats.direct headers": Decoder(
        _stored,
        (Refused, Unavailable),
        near_data(HEADERS).map(string_headers),
        (HEADERS,),
        ({"Nats-Sequence": "9" * 5000, "Nats-Time-Stamp": "9999-12-31T23:59:59+00:00"},),
    ),
    "faastraingym.adapters.s3.listing.page": Decoder(
        listing.page, (Unavailable,), near(LIST), (LIST,), xml_bombs()
    ),
    "faastraingym.adapters.packages.wheels.read": Decoder(
        lambda data: wheels.read(data, "x.whl"),
        (PackageError,),
        near(wheel(), wheel({"a/b.py": b"import a\n"}, compression=zipfile.ZIP_STORED)),
        (wheel(),),
        (zeros(1 << 30), lying(48 << 20, told=100), wheel({"a.py": b"(" * 100_000})),
    ),
    "faastraingym.adapters.nats.pull.position": Decoder(
        pull.position, (Refused,), texts(TOKENS), (TOKENS,), ("." * 100_000,)
    ),
}
