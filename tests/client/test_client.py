"""Which stack a client speaks to."""

import asyncio
import time
from urllib.parse import quote

import pytest

from faastraingym import BadInput, Client, StackTrouble
from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats import broker
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.settings import Login
from faastraingym.client import target
from faastraingym.client.target import Server
from tests.servers import LOGIN, NatsServer

REMOTE = {
    "url": "https://admin:p%2F1@gateway.example/",
    "nats": "tls://u2:p2@nats.example:4222",
    "s3": "https://u3:p3@s3.example",
}


VARIABLES = {
    "FAASTRAIN_NATS_URL": "nats://other.example",
    "FAASTRAIN_NATS_USER": "u",
    "FAASTRAIN_NATS_PASSWORD": "p",
    "FAASTRAIN_S3_URL": "https://s3.example",
    "FAASTRAIN_S3_ACCESS_KEY": "k",
    "FAASTRAIN_S3_SECRET_KEY": "s",
}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENFAAS_URL", "OPENFAAS_PASSWORD", "OPENFAAS_TOKEN", *VARIABLES):
        monkeypatch.delenv(name, raising=False)


def named(client: Client) -> target.Target:
    return target.find(client.aio.world.environment)


def test_urls_name_a_remote_stack() -> None:
    """Users and passwords are in them, quoted where that is needed."""
    found = named(Client(**REMOTE, bucket="b"))
    assert found.gateway == Server("https://gateway.example", "admin", "p/1")
    assert found.nats == Server("tls://nats.example:4222", "u2", "p2")
    assert found.s3 == Server("https://s3.example", "u3", "p3")
    assert found.bucket == "b"


def test_a_token_stands_for_user_and_password() -> None:
    found = named(Client(**REMOTE | {"url": "https://gateway.example"}, token="t"))
    assert found.gateway == Server("https://gateway.example", "", "t")


def test_variables_say_what_no_argument_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFAAS_URL", "https://other.example")
    monkeypatch.setenv("OPENFAAS_PASSWORD", "p9")
    remote = {name: REMOTE[name] for name in ("nats", "s3")}
    assert named(Client(**remote)).gateway == Server("https://other.example", "admin", "p9")
    monkeypatch.delenv("OPENFAAS_PASSWORD")
    with pytest.raises(
        BadInput, match=r"url has no user or no password; .*or set OPENFAAS_PASSWORD"
    ):
        Client(**remote)


def test_a_home_is_an_embedded_stacks(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the variables name a cluster."""
    monkeypatch.setenv("OPENFAAS_URL", "https://other.example")
    monkeypatch.setenv("FAASTRAIN_NATS_URL", "nats://other.example")
    client = Client(home=tmp_path)
    assert not target.is_cluster(client.aio.world.environment)
    assert client.aio.world.environment["FAASTRAIN_HOME"] == str(tmp_path)


@pytest.mark.parametrize("arguments", [{"home": ".", "url": "https://a.b"}, {"nats": "nats"}])
def test_what_names_no_stack_is_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="Client: "):
        Client(**arguments)


@pytest.mark.parametrize(
    "server", [{"url": "https://a.b"}, {"nats": "nats://a.b"}, {"s3": "https://a.b"}]
)
def test_a_part_of_a_remote_stack_is_not_this_folders(server: dict[str, str]) -> None:
    """Otherwise a run for the cluster would be started here."""
    with pytest.raises(BadInput, match="needs both url, of its gateway, and nats"):
        Client(**server)


def test_a_variable_completes_a_remote_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert target.is_cluster(Client("https://a.b", token="t").aio.world.environment)


@pytest.mark.parametrize(
    ("argument", "url", "said"),
    [
        ("nats", "nats://nats.example", "nats has no user or no password; write it as tls://USER:"),
        ("nats", "nats://u@nats.example", "or set FAASTRAIN_NATS_PASSWORD"),
        ("url", "https://a.b", "url has no user or no password; write it as https://admin:PASSW"),
        ("s3", "", "s3 is missing; write it as https://ACCESS_KEY:SECRET_KEY@s3.example.com, or"),
        ("nats", "https://u:p@nats.example", "nats is no URL of it; write it as tls://USER:PASS"),
        ("url", "http://[::1", "url is no URL of it; write it as https://admin:PASSWORD@gateway"),
        ("s3", "http://k:s@a:99999", "s3 is no URL of it"),
    ],
)
def test_what_a_url_lacks_is_told_by_its_argument(argument: str, url: str, said: str) -> None:
    """At once, not when the stack is first asked."""
    with pytest.raises(BadInput) as refusal:
        Client(**REMOTE | {argument: url})
    assert said in str(refusal.value)
    assert "p%2F1" not in str(refusal.value)


def test_a_broker_that_is_away_is_told_by_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "CONNECT_SECONDS", 0.3)
    with pytest.raises(StackTrouble) as trouble:
        Client(**REMOTE | {"nats": "nats://u2:p2@127.0.0.1:1"}).runs()
    text = str(trouble.value)
    assert text.startswith("NATS at nats://127.0.0.1:1 cannot be reached: ")
    assert text.endswith(
        "; check `nats` of Client, or FAASTRAIN_NATS_URL, FAASTRAIN_NATS_USER, "
        "FAASTRAIN_NATS_PASSWORD"
    )
    assert "p2" not in text


def _as(server: NatsServer, password: str) -> str:
    return server.url.replace("//", f"//{LOGIN.user}:{quote(password, safe='')}@")


def test_a_wrong_password_is_told_at_once(mortal_nats_server: NatsServer) -> None:
    """Not after the ten seconds that a broker may take to start."""
    begin = time.monotonic()
    with pytest.raises(StackTrouble, match=r"Authorization Violation.*; check `nats` of Client"):
        Client(**REMOTE | {"nats": _as(mortal_nats_server, "wrong")}).runs()
    assert time.monotonic() - begin < broker.CONNECT_SECONDS / 2


def test_a_broker_without_a_stack_is_told(mortal_nats_server: NatsServer) -> None:
    with pytest.raises(StackTrouble, match=r"nobody answers .*DIRECT\.GET\.FTG_FACTS: JetStream"):
        Client(**REMOTE | {"nats": _as(mortal_nats_server, LOGIN.password)}).runs()


def test_a_store_that_is_away_is_told_with_what_to_do() -> None:
    async def ask() -> None:
        store = S3ObjectStore("http://127.0.0.1:1", "b", Login("k", "s"), "check `s3` of Client")
        await store.find("a")

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1: .*; check `s3` of Client"):
        asyncio.run(ask())
