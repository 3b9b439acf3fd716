"""Answers with what is no answer, as its caller wishes."""

from typing import Any


async def handle(body: bytes, headers: dict[str, str]) -> Any:
    match body:
        case b"raise":
            raise ArithmeticError("the defect")
        case b"line":
            return 200, {"a": "b\r\nc: d"}, b""
        case b"letter":
            return 200, {"a": "\u20ac"}, b""
        case b"text":
            return 200, {}, "text"
        case _:
            return None
