"""Answers with the body and the headers that it got."""

import json


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    status = int(headers.get("x-status", "200"))
    return status, {"x-heard": json.dumps(headers), "content-type": "application/msgpack"}, body
