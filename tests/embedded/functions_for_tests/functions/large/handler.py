"""Answers with as many KiB as the body says, each of them another one."""


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, b"".join(n.to_bytes(4, "big") * 256 for n in range(int(body)))
