"""A gateway with reward functions and a store in front of objects in memory: both by HTTP."""

import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import web

from faastraingym.adapters.http.reward_functions import key_of
from faastraingym.embedded.contract import http
from faastraingym.schemas.reward_call import SECRET
from tests.checkout import CHECKOUT
from tests.fakes import InMemoryObjectStore

EXAMPLE = CHECKOUT / "examples" / "reward_function"
NAME, SIGNING_KEY = "centred", b"signing key"

Handle = Callable[[bytes, Mapping[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]


def example() -> Any:
    """The module of the example's handler."""
    spec = importlib.util.spec_from_file_location(NAME, EXAMPLE / NAME / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def serving(
    objects: InMemoryObjectStore, handle: Handle | None, secrets: Path
) -> AsyncIterator[list[bytes]]:
    """Meanwhile stages and the function are told where; the bodies that the function was sent.

    Without `handle` there is no function.
    """
    asked: list[bytes] = []

    async def function(request: web.Request) -> web.Response:
        if handle is None or request.match_info["name"] != NAME:
            return web.Response(status=404, text="There is no such function.")
        asked.append(await request.read())
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, told, body = await handle(asked[-1], headers)
        return web.Response(status=status, headers={**told, "X-Duration-Seconds": "1"}, body=body)

    async def get(request: web.Request) -> web.Response:
        data = objects.data.get(request.match_info["key"])
        return web.Response(status=404) if data is None else web.Response(body=data)

    application = web.Application()
    application.router.add_post("/function/{name}", function)
    application.router.add_get(f"/{objects.bucket}/{{key:.*}}", get)
    runner = http.runner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with told(f"http://127.0.0.1:{runner.addresses[0][1]}", secrets):
            yield asked
    finally:
        await runner.cleanup()


@contextmanager
def told(url: str, secrets: Path) -> Any:
    """The settings of stages and of the function, in this process."""
    (secrets / "ftg-signing-key").write_bytes(SIGNING_KEY)
    (secrets / "ftg-s3-aggregate-rewards").write_text("user:password")
    (secrets / f"{SECRET}{NAME}").write_text(key_of(SIGNING_KEY, NAME))
    settings = {
        "FTG_GATEWAY_URL": url,
        "FTG_S3_URL": url,
        "FTG_SECRETS": str(secrets),
        "FTG_FUNCTION": NAME,
        "FTG_MEMORY_LIMIT": "256Mi",
    }
    with patch.dict(os.environ, settings):
        yield
