"""Takes as many MiB of memory as the body says, and keeps them for a while."""

import asyncio


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    memory = b"x" * (int(body) << 20)
    await asyncio.sleep(20.0)
    return 200, {}, str(len(memory)).encode()
