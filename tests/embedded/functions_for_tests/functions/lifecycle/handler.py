"""Says when it starts and stops, and does not stop before it has finished."""

import asyncio


class Handle:
    """A handler with a beginning and an end."""

    async def __call__(
        self, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        await asyncio.sleep(float(body or b"0"))
        return 200, {}, b"finished"

    async def start(self) -> None:
        print("started", flush=True)

    async def stop(self) -> None:
        print("stopped", flush=True)


handle = Handle()
