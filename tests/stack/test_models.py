"""A whole stack: a policy is registered, promoted, announced though killed, and fine-tuned."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mlflow_servers import FakeMlflow
from tests.stack.facts import PATIENCE, end, until
from tests.stack.specs import SHORT
from tests.stack.support import Stack


class Told(NamedTuple):
    """A request as it arrived."""

    id: str
    body: bytes


class Webhook:
    """A receiver of events. The first request meets a replica that is killed before its answer."""

    def __init__(self) -> None:
        self.told: queue.Queue[Told] = queue.Queue()
        self.killed = threading.Event()
        self.first = threading.Event()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.told.put(Told(self.headers["webhook-id"], body))
                webhook.first.set()
                webhook.killed.wait(PATIENCE)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.killed.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def home(
    tmp_path: Path, compiled: Path, webhook: Webhook, fake_mlflow: FakeMlflow
) -> Iterator[Stack]:
    """A stack that tells a webhook of promotions, and MLflow of versions, too."""
    settings = {
        "FTG_COMPILATION_CACHE": str(compiled),
        "FTG_WEBHOOKS": webhook.url,
        "FTG_MLFLOW": fake_mlflow.url,
    }
    stack = Stack(tmp_path / "home", **settings)
    with stack.running():
        yield stack


async def test_a_promotion_is_told_and_leads_to_a_run_that_names_its_parent(
    home: Stack, webhook: Webhook, fake_mlflow: FakeMlflow
) -> None:
    """The replica dies with two events in hand: they come again, and are known to be the same.

    A webhook by the id; MLflow, which has made the version but has not answered, is asked first.
    """
    fake_mlflow.held["model-versions/create"] = lambda: webhook.killed.wait(PATIENCE)
    home.start("parent", SHORT)
    async with home.connect() as connected:
        await end(connected.facts, "parent")
    registered = home.json("models", "register", "cartpole", "parent", "--episodes", "3")
    assert (registered["version"], registered["run"]) == (1, "parent")
    promoted = home.json("models", "promote", "cartpole", "champion", "--only-if-better")
    assert (promoted["moved"], promoted["points_to"]) == (True, 1)
    assert await asyncio.to_thread(webhook.first.wait, PATIENCE)
    home.kill_replicas("announce-model")
    webhook.killed.set()
    told = [await asyncio.to_thread(webhook.told.get, True, PATIENCE) for _ in range(2)]
    assert told[0] == told[1]
    event = json.loads(told[0].body)
    assert event["id"] == told[0].id == "cartpole@champion/1"
    assert event["data"]["policy_sha256"] == registered["policy"]["sha256"]

    child = {**SHORT, "seed": 8, "init_from": "models/cartpole@champion"}
    home.start("child", child)
    async with home.connect() as connected:
        await end(connected.facts, "child")
        begun = await connected.objects.find("runs/child/policies/0.msgpack")
    shown = home.json("show", "child")
    assert shown["spec"]["init_from"] == {
        "model": "models/cartpole@champion",
        "version": 1,
        "sha256": registered["networks"]["sha256"],
    }
    assert shown["evaluations"][0]["version"] == 0
    assert begun is not None
    assert [model["aliases"] for model in home.json("models", "list")] == [{"champion": 1}]

    async def settled() -> bool:
        """Whoever sets the alias has made the version, however far the killed ones had come."""
        one = list(fake_mlflow.versions["cartpole"]) == [1]  # a second one's maker removes it
        return one and bool(fake_mlflow.models["cartpole"]["aliases"])

    await until(settled)
    version = fake_mlflow.versions["cartpole"][1]
    tags = {tag["key"]: tag["value"] for tag in version["tags"]}
    assert tags["faastraingym.policy_sha256"] == registered["policy"]["sha256"]
    assert fake_mlflow.models["cartpole"]["aliases"] == [{"alias": "champion", "version": "1"}]
    refused = home.cli("start", home.file({**child, "init_from": "models/x"}), "--run", "other")
    assert refused.returncode == 3
    assert "spec.init_from: there is no model 'x'" in refused.stderr
