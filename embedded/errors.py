"""The errors of a stack on one machine.

EmbeddedError
├── StackError      the stack cannot start, stop or be found: one line for a person
└── ProviderError   a request is answered with this status and text
"""

from faastraingym.events.delivery.answers import INTERNAL, REPLICA


class EmbeddedError(Exception):
    """Base of all."""


class StackError(EmbeddedError):
    """The text names the problem, its place and its remedy."""


class ProviderError(EmbeddedError):
    """A request that is answered with `status` and `text`.

    `retry_after` in seconds becomes the header Retry-After; `replica`, the fate of the replica
    that had the request (events/delivery/answers.py), becomes X-Ftg-Replica.
    """

    def __init__(
        self, status: int, text: str, retry_after: int | None = None, replica: str = ""
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after
        self.replica = replica

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell a client more than the status does."""
        told = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status >= 500:
            told[INTERNAL] = "faastraingym"  # or it would be taken for the function's own
        return told | ({REPLICA: self.replica} if self.replica else {})
