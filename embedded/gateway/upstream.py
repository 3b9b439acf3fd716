"""A provider over HTTP: the gateway before any server of the faas-provider contract."""

import ssl
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from faastraingym.embedded.contract import messages
from faastraingym.embedded.contract.bodies import Answer, Spooled, whole
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.headers import end_to_end
from faastraingym.embedded.errors import ProviderError

T = TypeVar("T")


def _trusted(url: str) -> ssl.SSLContext | bool:
    """Made now: aiohttp's own context is as old as its import, and SSL_CERT_FILE may be newer."""
    return ssl.create_default_context() if url.startswith("https:") else True


class HttpProvider:
    """Implements embedded.contract.provider.Provider; use as an async context manager."""

    def __init__(
        self, base_url: str, authorization: str = "", budget: Budget | None = None
    ) -> None:
        self._budget = budget or Budget()
        self._base = base_url.rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_trusted(base_url)),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=5.0),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        self._auth = {"Authorization": authorization} if authorization else {}

    async def __aenter__(self) -> "HttpProvider":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def functions(self) -> list[messages.FunctionStatus]:
        return await self._get("functions", list[messages.FunctionStatus])

    async def function(self, name: str, usage: bool = False) -> messages.FunctionStatus:
        path = f"function/{_quoted(name)}{'?usage=1' if usage else ''}"
        return await self._get(path, messages.FunctionStatus)

    async def deploy(self, deployment: messages.FunctionDeployment) -> None:
        await self._system("POST", "functions", deployment)

    async def update(self, deployment: messages.FunctionDeployment) -> None:
        await self._system("PUT", "functions", deployment)

    async def delete(self, name: str) -> None:
        await self._system("DELETE", "functions", messages.DeleteRequest(name))

    async def scale(self, name: str, replicas: int) -> None:
        await self._system(
            "POST", f"scale-function/{_quoted(name)}", messages.ScaleRequest(replicas, name)
        )

    async def secrets(self) -> list[messages.Secret]:
        return await self._get("secrets", list[messages.Secret])

    async def create_secret(self, secret: messages.Secret) -> None:
        await self._system("POST", "secrets", secret)

    async def update_secret(self, secret: messages.Secret) -> None:
        await self._system("PUT", "secrets", secret)

    async def delete_secret(self, name: str) -> None:
        await self._system("DELETE", "secrets", messages.Secret(name))

    async def logs(self, query: messages.LogQuery) -> AsyncIterator[messages.LogLine]:
        params = {"name": query.name, "instance": query.instance, "tail": str(query.tail)}
        params |= {"follow": "1"} if query.follow else {}
        params |= {"since": query.since.isoformat()} if query.since else {}
        url = f"{self._base}/system/logs"
        try:
            answer = await self._session.get(url, params=params, headers=self._auth)
            _check(answer.status, b"" if answer.ok else await answer.read())
        except aiohttp.ClientError as error:
            raise self._away(error) from error
        return _lines(answer)

    async def info(self) -> messages.ProviderInfo:
        return await self._get("info", messages.ProviderInfo)

    async def namespaces(self) -> list[str]:
        return await self._get("namespaces", list[str])

    async def invoke(self, name: str, request: messages.Request) -> messages.Response:
        path = f"/function/{_quoted(name)}{request.path}"
        return await self._exchange(request._replace(path=path))

    async def _get(self, path: str, kind: type[T]) -> T:
        return msgspec.json.decode(await self._system("GET", path), type=kind)

    async def _system(self, method: str, path: str, value: Any = None) -> bytes:
        body = b"" if value is None else msgspec.json.encode(value)
        headers = [("Content-Type", "application/json"), *self._auth.items()]
        answer = await self._exchange(messages.Request(method, f"/system/{path}", headers, body))
        content = whole(answer.body)
        _check(answer.status, content)
        return content

    async def _exchange(self, request: messages.Request) -> messages.Response:
        data: Any = request.body or None
        headers = request.headers
        if isinstance(request.body, Spooled):  # aiohttp would omit the length
            data = _pieces(request.body)
            headers = [*headers, ("Content-Length", str(len(request.body)))]
        collected = Answer(self._budget)
        try:
            async with self._session.request(
                request.method,
                URL(self._base + request.path, encoded=True),  # as it was written
                headers=headers,
                data=data,
                allow_redirects=False,
            ) as answer:
                async for piece in answer.content.iter_any():
                    if (writing := collected.append(piece)) is not None:
                        await writing
                kept = end_to_end(answer.headers.items())
                return messages.Response(answer.status, kept, collected.body())
        except aiohttp.ClientError as error:
            raise self._away(error) from error
        finally:
            collected.release()

    def _away(self, error: aiohttp.ClientError) -> ProviderError:
        return ProviderError(502, f"The provider at {self._base} does not answer: {error}.")


def _quoted(name: str) -> str:
    """The function's name that a client asked for, escaped as a part of a path."""
    return quote(name, safe="")


async def _pieces(body: Spooled) -> AsyncIterator[bytes]:
    for piece in body.pieces():
        yield piece


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[messages.LogLine]:
    async with answer:
        async for line in answer.content:
            yield msgspec.json.decode(line, type=messages.LogLine)


def _check(status: int, body: bytes) -> None:
    if status >= 400:
        raise ProviderError(status, body.decode(errors="replace").strip())
