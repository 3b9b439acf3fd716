"""Takes as many seconds as the body says; answers with the name of its replica."""

import asyncio
import os


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    await asyncio.sleep(float(body))
    return 200, {}, os.environ["FTG_REPLICA"].encode()
