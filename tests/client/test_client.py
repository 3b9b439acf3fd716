"""Which stack a client speaks to."""

import pytest

from faastraingym import BadInput, Client
from faastraingym.client import target
from faastraingym.client.target import Server

REMOTE = {
    "url": "https://admin:p%2F1@gateway.example/",
    "nats": "tls://u2:p2@nats.example:4222",
    "s3": "https://u3:p3@s3.example",
}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENFAAS_URL", "OPENFAAS_PASSWORD", "OPENFAAS_TOKEN", "FAASTRAIN_NATS_URL"):
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
    with pytest.raises(BadInput, match="OPENFAAS_PASSWORD is not set"):
        named(Client(**remote))


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
    monkeypatch.setenv("FAASTRAIN_NATS_URL", "nats://other.example")
    assert target.is_cluster(Client("https://a.b").aio.world.environment)
