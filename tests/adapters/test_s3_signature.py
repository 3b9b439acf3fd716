"""Signed S3 requests. The signature is minio-py's; what it covers is ours to say."""

from hypothesis import given
from hypothesis import strategies as st
from minio.helpers import queryencode

from adapters.s3_signature import authorized, encoded
from adapters.settings import Login

LOGIN = Login("access", "secret")


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


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_keys_are_encoded_as_minio_encodes_them(key: str) -> None:
    """Slashes stay, everything else that is not plain is quoted."""
    assert encoded("bucket", key) == f"/bucket/{queryencode(key, '/')}"
