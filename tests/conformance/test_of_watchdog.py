"""The template's server under of-watchdog itself, as an image's CMD starts it.

Not in CI: mirrors of Go's module proxy refuse of-watchdog. Put it on PATH, or into .tools/bin.
"""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.checkout import CHECKOUT
from tests.conformance.image import image
from tests.conformance.programs import TOOLS
from tests.conformance.test_image import environment
from tests.embedded.support import FUNCTIONS
from tests.servers import free_ports

NAMES = ("of-watchdog", "fwatchdog")
FOUND = [found for name in NAMES if (found := shutil.which(name, path=f"{TOOLS}:/usr/bin"))]
FOUND += [found for name in NAMES if (found := shutil.which(name))]
pytestmark = pytest.mark.skipif(not FOUND, reason="of-watchdog is not on this machine")

INTERNAL = "X-OpenFaaS-Internal"  # what of-watchdog says itself, not the function
LATE = """
import asyncio, pathlib
class Handle:
    async def start(self):
        while not pathlib.Path("go").exists():
            await asyncio.sleep(0.01)
    async def __call__(self, body, headers):
        return 200, {}, b"started"
handle = Handle()
"""


@asynccontextmanager
async def watched(
    function: str | Path, folder: Path, **settings: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, aiohttp.ClientSession, Path]]:
    """of-watchdog with a function, a client of it, and the folder where it runs."""
    context = folder / "context"
    shutil.copytree(CHECKOUT / "template" / "python3-faastrain", context)
    shutil.copytree(FUNCTIONS / "functions" / function, context / "function", dirs_exist_ok=True)
    built = image(context, folder)
    port, metrics, upstream = free_ports(3)
    told = {
        **environment(built),
        "fprocess": shlex.join([sys.executable, "-S", "index.py"]),
        "port": str(port),
        "metrics_port": str(metrics),
        "http_port": str(upstream),
        "upstream_url": f"http://127.0.0.1:{upstream}",
        "healthcheck_interval": "1s",
        "FTG_REPLICA": "watched",
        "TMPDIR": str(folder),  # of its lock file
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        FOUND[0],
        cwd=built.app,
        env=told,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            await until(client, "/_/health")
            yield process, client, built.app
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the function's process too
        await process.wait()


async def until(client: aiohttp.ClientSession, path: str, status: int = 200) -> None:
    """It answers so."""
    async with asyncio.timeout(60.0):
        while True:
            try:
                async with client.get(path) as answer:
                    if answer.status == status:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


async def post(client: aiohttp.ClientSession, body: bytes) -> tuple[int, bool, bytes]:
    """Status, whether of-watchdog itself says it, body."""
    async with client.post("/", data=body) as answer:
        return answer.status, INTERNAL in answer.headers, await answer.read()


async def test_a_function_answers(tmp_path: Path) -> None:
    """Ready by the path that ready_path names; status, headers, body and path as they are."""
    async with watched("echo", tmp_path) as (_, client, _):
        await until(client, "/_/ready")
        mark = {"X-Status": "418", "X-Mark": "one"}
        async with client.put("/a?b=c%20d", data=b"\0\xff", headers=mark) as answer:
            assert (answer.status, await answer.read()) == (418, b"\0\xff")
            assert '":path": "/a?b=c%20d"' in answer.headers["x-heard"]
            assert '"x-mark": "one"' in answer.headers["x-heard"]
            assert float(answer.headers["X-Duration-Seconds"]) >= 0


async def test_before_it_has_started_nothing_is_the_functions_own_failure(tmp_path: Path) -> None:
    """500 of of-watchdog, or served when it has; it is not ready before."""
    late = tmp_path / "late"
    late.mkdir()
    (late / "handler.py").write_text(LATE)
    (late / "requirements.txt").touch()
    async with watched(late, tmp_path) as (_, client, app):
        async with client.get("/_/ready") as answer:
            assert answer.status != 200
        early = asyncio.create_task(post(client, b""))
        await asyncio.sleep(0.2)
        (app / "go").touch()
        assert await early in [(500, True, b""), (200, False, b"started")]
        await until(client, "/_/ready")
        assert await post(client, b"") == (200, False, b"started")


async def test_above_max_inflight_it_answers_429(tmp_path: Path) -> None:
    """At once, and is not ready for more; who is served is served to the end."""
    async with watched("slow", tmp_path, max_inflight="1") as (_, client, _):
        await until(client, "/_/ready")
        first = asyncio.create_task(post(client, b"2"))
        await until(client, "/_/ready", 429)
        status, _, text = await post(client, b"0")
        assert (status, b"request limit" in text) == (429, True)
        assert (await first)[0] == 200
        assert (await post(client, b"0"))[0] == 200


async def test_over_exec_timeout_it_answers_504_and_the_process_lives(tmp_path: Path) -> None:
    """The embedded provider kills it; here the next request meets the same process."""
    async with watched("slow", tmp_path, exec_timeout="300ms") as (_, client, _):
        await until(client, "/_/ready")
        assert await post(client, b"30") == (504, True, b"")
        assert (await post(client, b"0"))[0] == 200


async def test_sigterm_drains(tmp_path: Path) -> None:
    """What is in hand and what still comes for healthcheck_interval is answered; then both end."""
    async with watched("lifecycle", tmp_path) as (process, client, _):
        await until(client, "/_/ready")
        in_hand = asyncio.create_task(post(client, b"2"))
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert await post(client, b"0") == (200, False, b"finished")
        assert await in_hand == (200, False, b"finished")
        assert await process.wait() == 0
