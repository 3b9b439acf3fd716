"""Signed S3 requests: minio-py's signature, bit for bit, over what matters."""

from datetime import UTC, datetime
from urllib.parse import SplitResult

from hypothesis import given
from hypothesis import strategies as st
from minio.credentials import Credentials
from minio.helpers import queryencode
from minio.signer import presign_v4, sign_v4_s3

from faastraingym.adapters.s3.listing import query
from faastraingym.adapters.s3.signature import REGION, authorized, encoded, presigned
from faastraingym.adapters.settings import Login

LOGIN = Login("access", "secret")
NAMES = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=127), min_size=1)


def test_every_header_that_matters_is_signed() -> None:
    """Whoever takes the condition off a put breaks its signature."""
    headers = {"If-None-Match": "*", "x-amz-meta-sha256": "0" * 64}
    signed = authorized("PUT", "host:9000", "/bucket/key", headers, "1" * 64, LOGIN, 1e9)
    names = signed["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "if-none-match", "x-amz-meta-sha256", "x-amz-content-sha256"} <= set(names)
    assert signed["x-amz-date"] == "20010909T014640Z"


def test_another_body_has_another_signature() -> None:
    """The payload's digest is part of what is signed."""
    one, two = (
        authorized("PUT", "host", "/bucket/key", {}, digest, LOGIN, 1e9)
        for digest in ("1" * 64, "2" * 64)
    )
    assert one["Authorization"] != two["Authorization"]


@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    key=NAMES,
    headers=st.dictionaries(WORDS.map(lambda name: f"x-amz-meta-{name}".lower()), WORDS),
    asked=st.just("") | st.builds(query, NAMES, st.sampled_from(["", "/"]), NAMES),
    login=st.builds(Login, WORDS, WORDS),
    now=st.integers(0, 4 * 10**9),
)
def test_it_is_the_signature_of_minio(
    method: str, key: str, headers: dict[str, str], asked: str, login: Login, now: int
) -> None:
    """Whatever is asked, by whomever, whenever."""
    path, digest = encoded("bucket", key), "3" * 64
    ours = authorized(method, "host:9000", path, headers, digest, login, now + 0.5, asked)
    plain = {name: value for name, value in ours.items() if name != "Authorization"}
    assert ours == sign_v4_s3(
        method=method,
        url=SplitResult("http", "host:9000", path, asked, ""),
        region=REGION,
        headers=plain,
        credentials=Credentials(login.user, login.password),
        content_sha256=digest,
        date=datetime.fromtimestamp(now, UTC),
    )


@given(key=NAMES.filter(bool))
def test_keys_are_encoded_as_minio_encodes_them(key: str) -> None:
    """Slashes stay, everything else that is not plain is quoted."""
    assert encoded("bucket", key) == f"/bucket/{queryencode(key, '/')}"


@given(
    key=NAMES.filter(bool),
    login=st.builds(Login, WORDS, WORDS),
    now=st.integers(0, 4 * 10**9),
    seconds=st.integers(1, 604800),
)
def test_a_url_has_the_signature_of_minio(key: str, login: Login, now: int, seconds: int) -> None:
    signed = presign_v4(
        method="GET",
        url=SplitResult("http", "host:9000", encoded("bucket", key), "", ""),
        region=REGION,
        credentials=Credentials(login.user, login.password),
        date=datetime.fromtimestamp(now, UTC),
        expires=seconds,
    )
    ours = presigned("http://host:9000", "bucket", key, login, now + 0.5, seconds)
    assert ours == signed.geturl()
