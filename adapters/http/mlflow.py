"""MLflow's model registry by its REST API, which needs no package of MLflow's (ADR 70).

Source: https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
from msgspec import Struct

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.http.client import Address, Broken, HttpClient, locate
from faastraingym.events.models.mlflow import RUN, Held

SECONDS = 30.0  # for one request
PAGE = 1000  # versions of an answer
API = "/api/2.0/mlflow"
ABSENT, EXISTS = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"


class Tracking(NamedTuple):
    """A tracking server, and who we are to it."""

    address: Address
    path: str  # before the API's
    authorization: str  # the header; empty: none

    def __repr__(self) -> str:
        return f"Tracking({self.address.authority!r}, ...)"


class _Tag(Struct):
    key: str
    value: str = ""


class _Version(Struct):
    version: int
    tags: list[_Tag] = []


class _Made(Struct):
    model_version: _Version


class _Versions(Struct):
    model_versions: list[_Version] = []
    next_page_token: str = ""


class _Experiment(Struct):
    experiment_id: str


class _Named(Struct):
    experiment: _Experiment


class _Info(Struct):
    run_id: str


class _Run(Struct):
    info: _Info


class _Runs(Struct):
    runs: list[_Run] = []


class _Problem(Struct):
    error_code: str = ""
    message: str = ""


Answer = TypeVar("Answer", bound=Struct)


def tracking(uri: str) -> Tracking:
    """The server of a tracking URI; a user alone in it is a token.

    Raises:
        Refused: it names none.
    """
    address, target = locate(uri)
    return Tracking(address, target.partition("?")[0].rstrip("/"), _authorization(uri))


def _authorization(uri: str) -> str:
    parts = urlsplit(uri)
    user, password = unquote(parts.username or ""), parts.password
    if password is None:
        return f"Bearer {user}" if user else ""
    return f"Basic {base64.b64encode(f'{user}:{unquote(password)}'.encode()).decode()}"


@asynccontextmanager
async def connected(server: Tracking) -> AsyncIterator["Mlflow"]:
    """A server's registry, over one connection."""
    async with HttpClient(server.address) as client:
        yield Mlflow(server, client)


class Mlflow:
    """A Target (events/models/mirror.py). Unavailable: it refused, is away or late."""

    def __init__(self, server: Tracking, client: HttpClient) -> None:
        self._server, self._client = server, client
        self._headers = {"Content-Type": "application/json"}
        if server.authorization:
            self._headers["Authorization"] = server.authorization

    async def create_model(self, name: str) -> None:
        """Have a registered model of this name."""
        document = {"name": name, "description": f"Model {name} of FaaSTrainGym."}
        await self._ask("POST", "registered-models/create", document, forgiven=EXISTS)

    async def versions(self, name: str) -> list[Held]:
        """The versions of a model; empty: none, or there is no such model."""
        held: list[Held] = []
        query = {"filter": f"name='{name}'", "max_results": f"{PAGE}"}
        while True:
            body = await self._ask("GET", f"model-versions/search?{urlencode(query)}")
            found = self._read(body, _Versions)
            for each in found.model_versions:
                held.append(Held(each.version, {tag.key: tag.value for tag in each.tags}))
            if not found.next_page_token:
                return held
            query["page_token"] = found.next_page_token

    async def create_version(
        self, name: str, source: str, tags: Mapping[str, str], description: str, run_id: str
    ) -> int:
        """Add a version; its number is the one after the highest. `run_id` may be empty."""
        document: dict[str, Any] = {
            "name": name,
            "source": source,
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
            "description": description,
        }
        if run_id:
            document["run_id"] = run_id
        body = await self._ask("POST", "model-versions/create", document)
        return self._read(body, _Made).model_version.version

    async def delete_version(self, name: str, number: int) -> None:
        """Have no version of this number."""
        document = {"name": name, "version": f"{number}"}
        await self._ask("DELETE", "model-versions/delete", document, forgiven=ABSENT)

    async def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias point to a version."""
        document = {"name": name, "alias": alias, "version": f"{number}"}
        await self._ask("POST", "registered-models/alias", document)

    async def run_id(self, experiment: str, run: str) -> str:
        """The id of the run that a logger wrote of a run of ours; empty: there is none."""
        query = urlencode({"experiment_name": experiment})
        body = await self._ask("GET", f"experiments/get-by-name?{query}", forgiven=ABSENT)
        if not body:
            return ""
        document = {
            "experiment_ids": [self._read(body, _Named).experiment.experiment_id],
            "filter": f"tags.`{RUN}` = '{run}'",
            "max_results": 1,
        }
        found = self._read(await self._ask("POST", "runs/search", document), _Runs)
        return found.runs[0].info.run_id if found.runs else ""

    async def _ask(self, method: str, call: str, document: Any = None, forgiven: str = "") -> bytes:
        """The answer to a call; empty where it is the one error that is as good as none."""
        body = b"" if document is None else msgspec.json.encode(document)
        target = f"{self._server.path}{API}/{call}"
        try:
            async with asyncio.timeout(SECONDS):
                headers = self._headers.items()
                reply = await self._client.request(method, target, headers, body)
        except TimeoutError as error:
            raise self._away(f"did not answer in {SECONDS:g} s") from error
        except Broken as error:
            raise self._away(f"is away: {error}") from error
        if reply.status == 200:
            return reply.body
        problem = _problem(reply.body)
        if forgiven and problem.error_code == forgiven:
            return b""
        why = f": {' '.join(problem.message.split()):.200}" if problem.message else ""
        raise self._away(f"answered {reply.status} to {call.partition('?')[0]}{why}")

    def _read(self, body: bytes, kind: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(body, type=kind, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._away(f"answered what its registry does not: {error}") from error

    def _away(self, why: str) -> Unavailable:
        return Unavailable(f"MLflow at {self._server.address.authority} {why}")


def _problem(body: bytes) -> _Problem:
    """What MLflow says of an error; nothing, where something else answered."""
    try:
        return msgspec.json.decode(body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Problem()
