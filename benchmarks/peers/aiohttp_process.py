"""Environments behind a plain aiohttp server: `python -m benchmarks.peers.aiohttp_process`.

Prints its port once it serves. One process, which steps within its event loop: nothing is faster.
"""

import asyncio

from aiohttp import web

from benchmarks.peers.in_memory import Held


async def serve() -> None:
    """Until the process is ended."""
    held = Held()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=held.answer(await request.read()))

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
