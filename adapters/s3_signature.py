"""One signed S3 request: minio-py's signature, on requests that its `put_object` cannot make.

`Minio.put_object` takes no `If-None-Match`, which writing once depends on; its signer does.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote

from minio.credentials import Credentials
from minio.signer import sign_v4_s3

from adapters.settings import Login

REGION = "us-east-1"  # what S3-compatible stores take; said explicitly, so nobody looks it up


def authorized(
    method: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    digest: str,
    login: Login,
    now: float,
) -> dict[str, str]:
    """`headers` with date, the body's SHA-256 `digest` and authorization added.

    `path` is already encoded.
    """
    at = datetime.fromtimestamp(now, UTC)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    complete = {**headers, "Host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    signed: dict[str, str] = sign_v4_s3(
        method=method,
        url=SplitResult("http", host, path, "", ""),
        region=REGION,
        headers=complete,
        credentials=Credentials(login.user, login.password),
        content_sha256=digest,
        date=at,
    )
    return signed


def encoded(bucket: str, key: str) -> str:
    """The path of an object, in path style."""
    return f"/{bucket}/{quote(key, safe='/-_.~')}"
