"""The queue-worker's use of the pipeline's signature."""

from typing import Protocol

from faastraingym.events.delivery.requests import Request


class Seal(Protocol):
    """The pipeline's signature."""

    def sign(self, function: str, body: bytes, key: str = "") -> str:
        """Sign a body and an Idempotency-Key for a function, as of now."""

    def is_ours(self, function: str, request: Request) -> bool:
        """Whether this pipeline signed a request, however long ago."""
