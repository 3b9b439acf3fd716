"""One signed S3 request: AWS Signature Version 4, over every header that it carries; or a URL.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import functools
import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from faastraingym.adapters.settings import Login

REGION = "us-east-1"  # S3-compatible stores take it; set explicitly, so no client looks it up
EMPTY = hashlib.sha256().hexdigest()  # the digest of no body
_ALGORITHM = "AWS4-HMAC-SHA256"


def authorized(
    method: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    digest: str,
    login: Login,
    now: float,
    query: str = "",
) -> dict[str, str]:
    """`headers` with host, date, the body's SHA-256 `digest` and authorization added.

    `path` and `query` are already encoded, the query's parts sorted; values have no spaces to fold.
    """
    stamp = _stamp(now)
    complete = {**headers, "Host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    lines = {name.lower(): value for name, value in complete.items()}
    names = sorted(lines)
    signed = ";".join(names)
    canonical = "".join(f"{name}:{lines[name]}\n" for name in names)
    request = f"{method}\n{path}\n{query}\n{canonical}\n{signed}\n{digest}"
    signature = _signature(login, stamp, request)
    credential = f"Credential={login.user}/{_scope(stamp)}"
    complete["Authorization"] = (
        f"{_ALGORITHM} {credential}, SignedHeaders={signed}, Signature={signature}"
    )
    return complete


def presigned(url: str, bucket: str, key: str, login: Login, now: float, seconds: int) -> str:
    """A URL of an object in the store at `url`, which anybody may GET for some seconds.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    stamp, host, path = _stamp(now), urlsplit(url).netloc, encoded(bucket, key)
    scope = _scope(stamp)
    asked = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{login.user}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in asked.items())
    request = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    return f"{url}{path}?{query}&X-Amz-Signature={_signature(login, stamp, request)}"


def encoded(bucket: str, key: str) -> str:
    """The path of an object, or of the bucket itself, in path style."""
    return f"/{bucket}/{quote(key, safe='/-_.~')}" if key else f"/{bucket}"


def _stamp(now: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def _scope(stamp: str) -> str:
    return f"{stamp[:8]}/{REGION}/s3/aws4_request"


def _signature(login: Login, stamp: str, request: str) -> str:
    """Of a canonical request."""
    hashed = hashlib.sha256(request.encode()).hexdigest()
    signed = f"{_ALGORITHM}\n{stamp}\n{_scope(stamp)}\n{hashed}"
    return _hmac(_key(login.password, stamp[:8]), signed).hex()


@functools.lru_cache(maxsize=4)
def _key(secret: str, day: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
