"""MLflow's registry: one contract for the fake and the real server; what refuses or is away."""

import itertools
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from faastraingym.adapters.errors import SettingsError, Unavailable
from faastraingym.adapters.http import mlflow
from faastraingym.adapters.http.client import HttpClient
from faastraingym.adapters.http.mlflow import Mlflow, connected, tracking
from faastraingym.adapters.settings import mlflow_settings
from faastraingym.events.models.mlflow import Held
from tests.adapters.http.test_callbacks import receiver, status
from tests.mlflow_servers import API, FakeMlflow
from tests.servers import free_ports

SOURCE = "s3://faastraingym/models/m/objects/aa.msgpack"
_NUMBERS = itertools.count()


@pytest.fixture
def name() -> str:
    """A model's and an experiment's that no other test has."""
    return f"m-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
async def target(mlflow_url: str) -> AsyncIterator[Mlflow]:
    async with connected(tracking(mlflow_url)) as made:
        yield made


async def ask(url: str, method: str, call: str, document: Any = None) -> Any:
    """Of the server itself."""
    body = json.dumps(document).encode() if document else b""
    async with HttpClient(tracking(url).address) as client:
        json_ = [("Content-Type", "application/json")]
        reply = await client.request(method, API + call, json_, body)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


async def test_versions_are_numbered_as_they_are_made(
    target: Mlflow, name: str, mlflow_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On several pages; a model that is there already is as good as a new one."""
    monkeypatch.setattr(mlflow, "PAGE", 2)
    assert await target.versions(name) == []
    for _ in range(2):
        await target.create_model(name)
    assert await target.versions(name) == []
    for number in range(1, 4):
        tags = {"n": f"{number}", "t": "é"}
        assert await target.create_version(name, SOURCE, tags, "said", "") == number
    found = sorted(await target.versions(name))
    assert found == [Held(number, {"n": f"{number}", "t": "é"}) for number in (1, 2, 3)]
    await target.create_model(f"{name}-other")
    assert await target.versions(f"{name}-other") == []


async def test_an_alias_moves_and_a_version_goes(
    target: Mlflow, name: str, mlflow_url: str
) -> None:
    """What is gone already is as good as removed now."""
    await target.create_model(name)
    for _ in range(2):
        await target.create_version(name, SOURCE, {}, "", "")
    for number in (1, 2, 2):
        await target.set_alias(name, "champion", number)
    model = await ask(mlflow_url, "GET", f"registered-models/get?name={name}")
    assert model["registered_model"]["aliases"] == [{"alias": "champion", "version": "2"}]
    for _ in range(2):
        await target.delete_version(name, 1)
    assert await target.versions(name) == [Held(2, {})]


async def test_the_run_of_a_logger_is_found(target: Mlflow, name: str, mlflow_url: str) -> None:
    """And shown as the version's."""
    assert await target.run_id(name, "demo") == ""
    made = await ask(mlflow_url, "POST", "experiments/create", {"name": name})
    assert await target.run_id(name, "demo") == ""
    tags = [{"key": "faastraingym.run", "value": "demo"}]
    run = {"experiment_id": made["experiment_id"], "tags": tags}
    logged = (await ask(mlflow_url, "POST", "runs/create", run))["run"]["info"]["run_id"]
    assert await target.run_id(name, "demo") == logged
    assert await target.run_id(name, "another") == ""
    await target.create_model(name)
    await target.create_version(name, SOURCE, {}, "", logged)
    search = f"model-versions/search?filter=name%3D'{name}'&max_results=9"
    (version,) = (await ask(mlflow_url, "GET", search))["model_versions"]
    assert (version["run_id"], version["source"]) == (logged, SOURCE)


async def test_what_it_refuses_is_told_with_its_reason(target: Mlflow, name: str) -> None:
    await target.create_model(name)
    with pytest.raises(
        Unavailable,
        match=rf"MLflow at 127.0.0.1:\d+ answered 404 to registered-models/alias: Model Version "
        rf"\(name={name}, version=7\) not found",
    ):
        await target.set_alias(name, "champion", 7)


@pytest.mark.parametrize("alias", ["latest", "Latest", "v2", "V12"])
async def test_what_it_keeps_for_itself_is_what_we_say(
    target: Mlflow, name: str, alias: str
) -> None:
    await target.create_model(name)
    await target.create_version(name, SOURCE, {}, "", "")
    with pytest.raises(Unavailable, match=r"answered 400 to registered-models/alias: .*reserved"):
        await target.set_alias(name, alias, 1)


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ("", None),
        ("t%40ken@", "Bearer t@ken"),
        ("me:pass%3Aword@", "Basic bWU6cGFzczp3b3Jk"),
    ],
)
async def test_it_is_asked_below_its_path_by_who_we_are(
    fake_mlflow: FakeMlflow, user: str, sent: str | None
) -> None:
    """Neither a token nor a password is shown."""
    server = tracking(fake_mlflow.url.replace("//", f"//{user}") + "/below/it/?x=y")
    async with connected(server) as target:
        await target.create_model("m")
    (asked,) = fake_mlflow.asked
    assert asked.path == "/below/it/api/2.0/mlflow/registered-models/create"
    assert asked.headers.get("Authorization") == sent
    assert "oken" not in repr(server)
    assert "pass" not in repr(server)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (status(502), "answered 502 to model-versions/search$"),
        (status(302, "Location: http://elsewhere/"), "answered 302 to model-versions/search$"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\n<ht>", "answered what its registry does not"),
        (b"what", "is away: "),
    ],
)
async def test_what_is_no_answer_of_mlflow_is_tried_again(answer: bytes, told: str) -> None:
    async with (
        receiver(lambda _: answer) as (port, _),
        connected(tracking(f"http://127.0.0.1:{port}")) as target,
    ):
        with pytest.raises(Unavailable, match=f"MLflow at 127.0.0.1:{port} {told}"):
            await target.versions("m")


async def test_a_server_that_is_away_or_late_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    async with connected(tracking(f"http://127.0.0.1:{port}")) as target:
        with pytest.raises(Unavailable, match=f"MLflow at 127.0.0.1:{port} is away: "):
            await target.versions("m")
    monkeypatch.setattr(mlflow, "SECONDS", 0.0)
    with pytest.raises(Unavailable, match="did not answer in 0 s"):
        async with connected(tracking(f"http://127.0.0.1:{port}")) as target:
            await target.versions("m")


def test_a_bad_uri_is_told_without_its_password() -> None:
    assert mlflow_settings({}) is None
    assert mlflow_settings({"FTG_MLFLOW": " "}) is None
    with pytest.raises(SettingsError) as told:
        mlflow_settings({"FTG_MLFLOW": "databricks://me:secret@h"})
    assert str(told.value) == (
        "FTG_MLFLOW: 'databricks://...@h' is no http or https URL; write the URI of a tracking "
        "server, as http://127.0.0.1:5000, with a token as https://TOKEN@mlflow.example.com"
    )
