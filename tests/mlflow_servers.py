"""MLflow on loopback: the real server, and a fake of its registry with the same contract suite."""

import importlib.util
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import psutil
import pytest

from tests.servers import Server, free_ports, running

INSTALLED = all(map(importlib.util.find_spec, ("mlflow", "flask")))  # the server: `make loggers`
API = "/api/2.0/mlflow/"
Document = dict[str, Any]


class MlflowServer(Server):
    """The real one, with SQLite in a folder of its own."""

    def __init__(self, directory: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        at = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", "server", *at]
        less = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # nine processes that nobody needs
        super().__init__(command, "Uvicorn running on", directory, **less)

    def kill(self) -> None:
        """With the workers, which outlive it; they may write what they have first."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        for process in family:
            process.terminate()
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()


class _Problem(Exception):  # noqa: N818  what an answer has
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.document = status, {"error_code": code, "message": message}


class Asked(NamedTuple):
    """A request to the fake."""

    path: str
    call: str  # the part after API
    headers: dict[str, str]


class FakeMlflow:
    """What our adapter asks of MLflow, in memory; anything else is 404."""

    def __init__(self) -> None:
        self.models: dict[str, Document] = {}
        self.versions: dict[str, dict[int, Document]] = {}
        self.runs: dict[str, list[Document]] = {}  # by the experiment's id, which is its name
        self.asked: list[Asked] = []
        self.held: dict[str, Callable[[], object]] = {}  # by call: what its answer waits for
        self._one = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                target = urlsplit(self.path)
                call = target.path.partition(API)[2]
                fake.asked.append(Asked(self.path, call, dict(self.headers)))
                asked = json.loads(body) if body else dict(parse_qsl(target.query))
                try:
                    with fake._one:
                        status, document = 200, CALLS[self.command, call](fake, asked)
                except KeyError:
                    status, document = 404, {}
                except _Problem as problem:
                    status, document = problem.status, problem.document
                fake.held.get(call, lambda: None)()
                data = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def create_model(self, asked: Document) -> Document:
        if asked["name"] in self.models:
            text = f"Registered Model (name={asked['name']}) already exists."
            raise _Problem(400, "RESOURCE_ALREADY_EXISTS", text)
        self.models[asked["name"]] = {**asked, "aliases": []}
        self.versions[asked["name"]] = {}
        return {}

    def model(self, asked: Document) -> Document:
        if asked["name"] not in self.models:
            text = f"Registered Model with name={asked['name']} not found"
            raise _Problem(404, "RESOURCE_DOES_NOT_EXIST", text)
        return {"registered_model": self.models[asked["name"]]}

    def create_version(self, asked: Document) -> Document:
        self.model(asked)
        held = self.versions[asked["name"]]
        number = max(held, default=0) + 1
        held[number] = {"version": str(number), "run_id": "", **asked}
        return {"model_version": held[number]}

    def delete_version(self, asked: Document) -> Document:
        del self.versions[asked["name"]][self._number(asked)]
        return {}

    def search(self, asked: Document) -> Document:
        name = re.fullmatch("name='([^']*)'", asked["filter"])[1]  # type: ignore[index]
        held = [self.versions[name][n] for n in sorted(self.versions.get(name, {}), reverse=True)]
        first, most = int(asked.get("page_token", 0)), int(asked["max_results"])
        found: Document = {"model_versions": held[first : first + most]} if held else {}
        return found | ({"next_page_token": str(first + most)} if len(held) > first + most else {})

    def set_alias(self, asked: Document) -> Document:
        if re.fullmatch(r"(?i)latest|v\d+", asked["alias"]):
            raise _Problem(400, "INVALID_PARAMETER_VALUE", f"{asked['alias']!r} is reserved.")
        self._number(asked)
        model = self.models[asked["name"]]
        others = [each for each in model["aliases"] if each["alias"] != asked["alias"]]
        model["aliases"] = [*others, {k: asked[k] for k in ("alias", "version")}]
        return {}

    def create_experiment(self, asked: Document) -> Document:
        self.runs[asked["name"]] = []
        return {"experiment_id": asked["name"]}

    def experiment(self, asked: Document) -> Document:
        if asked["experiment_name"] not in self.runs:
            raise _Problem(404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment")
        return {"experiment": {"experiment_id": asked["experiment_name"]}}

    def create_run(self, asked: Document) -> Document:
        made = {"info": {"run_id": f"run-{len(self.runs)}"}, "data": {"tags": asked["tags"]}}
        self.runs[asked["experiment_id"]].append(made)
        return {"run": made}

    def search_runs(self, asked: Document) -> Document:
        key, value = re.fullmatch("tags.`(.*)` = '(.*)'", asked["filter"]).groups()  # type: ignore[union-attr]
        every = [run for each in asked["experiment_ids"] for run in self.runs[each]]
        found = [run for run in every if {"key": key, "value": value} in run["data"]["tags"]]
        return {"runs": found} if found else {}

    def _number(self, asked: Document) -> int:
        number = int(asked["version"])
        if number not in self.versions.get(asked["name"], {}):
            text = f"Model Version (name={asked['name']}, version={number}) not found"
            raise _Problem(404, "RESOURCE_DOES_NOT_EXIST", text)
        return number


CALLS = {
    ("POST", "registered-models/create"): FakeMlflow.create_model,
    ("GET", "registered-models/get"): FakeMlflow.model,
    ("POST", "registered-models/alias"): FakeMlflow.set_alias,
    ("GET", "model-versions/search"): FakeMlflow.search,
    ("POST", "model-versions/create"): FakeMlflow.create_version,
    ("DELETE", "model-versions/delete"): FakeMlflow.delete_version,
    ("POST", "experiments/create"): FakeMlflow.create_experiment,
    ("GET", "experiments/get-by-name"): FakeMlflow.experiment,
    ("POST", "runs/create"): FakeMlflow.create_run,
    ("POST", "runs/search"): FakeMlflow.search_runs,
}


@pytest.fixture
def fake_mlflow() -> Iterator[FakeMlflow]:
    """One of a test's own."""
    fake = FakeMlflow()
    thread = threading.Thread(target=fake.server.serve_forever)
    thread.start()
    try:
        yield fake
    finally:
        fake.server.shutdown()
        thread.join()
        fake.server.server_close()


@pytest.fixture(scope="session")
def real_mlflow() -> Iterator[MlflowServer]:
    """One for all tests; each has models of its own."""
    if not INSTALLED:
        pytest.skip("MLflow's server; `make loggers` has it")
    yield from running(MlflowServer)


@pytest.fixture(params=["fake", "real"])
def mlflow_url(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.getfixturevalue(f"{request.param}_mlflow").url)
