"""Webhooks on real sockets: what a receiver verifies, and what is tried again."""

import base64
import hashlib
import hmac
import time

import pytest

from faastraingym.adapters.errors import SettingsError, Unavailable
from faastraingym.adapters.http import webhooks
from faastraingym.adapters.http.webhooks import Webhooks
from faastraingym.adapters.settings import webhook_settings
from faastraingym.events.models.announcement import Event
from tests.adapters.http.test_callbacks import receiver
from tests.callbacks import Receiver
from tests.callbacks import receiver as server
from tests.servers import free_ports

__all__ = ["server"]

EVENT = Event("cartpole@champion/2", b'{"specversion":"1.0"}')
KEY = b"of the webhooks"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture(autouse=True)
def _anew() -> None:
    """A replica that was just started."""
    webhooks._TAKEN.clear()


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The example of its specification's reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    event = Event("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    told = webhooks.headers(event, key, 1614265330)
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert webhooks.shown(key) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def test_a_receiver_can_verify_what_it_gets(server: Receiver) -> None:
    """Id, time and signature, over the very bytes."""
    await webhooks.tell(Webhooks((f"{server.url}/hook?from=us",), KEY), EVENT)
    called = server.called.get_nowait()
    assert (called.method, called.path, called.body) == ("POST", "/hook?from=us", EVENT.body)
    assert called.headers["Content-Type"].startswith("application/cloudevents+json")
    assert called.headers["webhook-id"] == EVENT.id
    at = called.headers["webhook-timestamp"]
    assert abs(time.time() - int(at)) < 600
    signed = f"{EVENT.id}.{at}.".encode() + called.body
    digest = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert called.headers["webhook-signature"] == f"v1,{digest}"


async def test_one_that_does_not_take_it_has_it_told_again(server: Receiver) -> None:
    """The reason names it, without its path, which may be a secret."""
    async with receiver(lambda _: b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as (port, _):
        settings = Webhooks((f"{server.url}/", f"http://127.0.0.1:{port}/secret"), KEY)
        for _ in range(2):
            with pytest.raises(Unavailable) as told:
                await webhooks.tell(settings, EVENT)
    assert str(told.value) == f"event cartpole@champion/2: 127.0.0.1:{port} answered 500"
    assert server.called.get_nowait().body == EVENT.body
    assert server.called.empty()  # who took it is not told again by the same replica
    await webhooks.tell(Webhooks((f"{server.url}/",), KEY), EVENT._replace(id="another"))
    assert server.called.get_nowait().headers["webhook-id"] == "another"


async def test_a_receiver_that_is_away_is_told_later() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=rf"event cartpole@champion/2: 127.0.0.1:{port}: "):
        await webhooks.tell(Webhooks((f"http://127.0.0.1:{port}/",), KEY), EVENT)


def test_the_key_derives_from_the_signing_key_and_is_not_shown() -> None:
    key = webhooks.key_of(b"signing")
    assert key == webhooks.key_of(b"signing") != webhooks.key_of(b"another")
    assert "signing" not in repr(Webhooks(("http://h/",), b"signing"))


def test_no_webhooks_need_no_secret_and_a_bad_url_is_told(tmp_path: object) -> None:
    assert webhook_settings({"FTG_SECRETS": str(tmp_path)}).urls == ()
    with pytest.raises(SettingsError, match="FTG_WEBHOOKS: 'ftp://h' is no http or https URL"):
        webhook_settings({"FTG_SECRETS": str(tmp_path), "FTG_WEBHOOKS": "ftp://h"})
