"""The bucket owner's work: create the bucket, reset its settings. No function does this."""

import asyncio
import io
import time
from urllib.parse import urlsplit

import urllib3
from minio import Minio, S3Error
from minio.error import ServerError
from minio.notificationconfig import NotificationConfig, PrefixFilterRule, QueueConfig

from faastraingym.adapters.errors import Refused, translated
from faastraingym.adapters.s3.signature import EMPTY, REGION, authorized
from faastraingym.adapters.settings import Login

TIMEOUT = urllib3.Timeout(connect=2.0, read=15.0)  # seconds
RETRIES = urllib3.Retry(
    total=3,
    allowed_methods=None,
    status_forcelist=(429, 502, 503, 504),
    backoff_factor=0.1,
    raise_on_status=False,
    redirect=False,
)
# A bucket's own settings that let others in or throw objects away, and how each is taken back.
SETTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "policy": ("DELETE", {}),
    "lifecycle": ("DELETE", {}),
    "acl": ("PUT", {"x-amz-acl": "private"}),
}
OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class Bucket:
    """A bucket of an S3 store."""

    def __init__(self, url: str, name: str, login: Login) -> None:
        self._url = urlsplit(url)
        self._name = name
        self._login = login
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=RETRIES)
        self._client = self._connect(self._http)

    def _connect(self, http: urllib3.PoolManager) -> Minio:
        return Minio(
            self._url.netloc,
            access_key=self._login.user,
            secret_key=self._login.password,
            secure=self._url.scheme == "https",
            region=REGION,
            http_client=http,
        )

    async def ensure(self) -> None:
        """Create the bucket where it is missing."""
        with translated(f"create bucket {self._name}"):
            await asyncio.to_thread(self._ensure)

    async def reset(self) -> None:
        """Remove all settings of the bucket itself that grant access or delete objects."""
        with translated(f"settings of bucket {self._name}"):
            await asyncio.to_thread(self._reset)

    async def notify(self, prefix: str, target: str) -> None:
        """Have the store notify `target`, an ARN that it knows, of writes under `prefix`."""
        rule = QueueConfig(
            queue=target,
            events=["s3:ObjectCreated:*"],
            config_id=prefix.strip("/"),
            prefix_filter_rule=PrefixFilterRule(prefix),
        )
        config = NotificationConfig(queue_config_list=[rule])
        with translated(f"notifications of {self._name}/{prefix}"):
            await asyncio.to_thread(self._client.set_bucket_notification, self._name, config)

    async def takes_writes(self, seconds: float) -> bool:
        """Whether a small object can be written within `seconds`; it stays, under `.probe`."""
        impatient = urllib3.PoolManager(timeout=seconds, retries=False)
        put = self._connect(impatient).put_object
        try:
            await asyncio.to_thread(put, self._name, ".probe", io.BytesIO(b"ready"), 5)
        except (urllib3.exceptions.HTTPError, S3Error, ServerError):
            return False
        return True

    def _ensure(self) -> None:
        if self._client.bucket_exists(self._name):
            return
        try:
            self._client.make_bucket(self._name)
        except S3Error as error:
            if error.code not in OURS_ALREADY:  # another command removed it first
                raise

    def _reset(self) -> None:
        host, path = self._url.netloc, f"/{self._name}"
        for setting, (method, headers) in SETTINGS.items():
            query = f"{setting}="
            signed = authorized(method, host, path, headers, EMPTY, self._login, time.time(), query)
            url = f"{self._url.geturl()}{path}?{query}"
            reply = self._http.request(method, url, headers=signed)
            if reply.status not in (200, 204, 404):
                raise Refused(f"{setting} of bucket {self._name}: {reply.status}: {reply.data!r}")
