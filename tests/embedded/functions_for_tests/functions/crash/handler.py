"""Dies in the middle of an invocation, with a traceback."""

import os
import traceback


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    try:
        raise ArithmeticError("the last words")
    except ArithmeticError:
        traceback.print_exc()
    os._exit(3)
