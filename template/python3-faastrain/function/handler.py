"""Greets whom the body names."""


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Answer one request: a status, headers, a body."""
    name = body.decode(errors="replace").strip() or "you"
    text = f"Hello, {name}.\n"
    return 200, {"content-type": "text/plain; charset=utf-8"}, text.encode()
