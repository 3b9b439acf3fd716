"""Cannot be imported."""

raise ImportError("no module named nonsense")


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, b"never reached"
