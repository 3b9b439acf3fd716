"""Prints what it gets, on both streams."""

import sys


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    print(body.decode(errors="replace"))
    print("and aside", file=sys.stderr)
    return 204, {}, b""
