"""Answers after a while; every second body (by its first bit) makes it fail."""

import asyncio

SECONDS = 0.02


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    await asyncio.sleep(SECONDS)
    fails = bool(body) and body[0] & 1
    return (500, {}, b"a guest failed\n" * 1000) if fails else (200, {}, b"")
