"""The errors of a stack on one machine."""

from faastraingym.events.delivery.answers import INTERNAL, REPLICA


class EmbeddedError(Exception):
    """Base of all."""


class StackError(EmbeddedError):
    """The stack cannot start, stop or be found: names the problem, its place and its remedy."""


class ProviderError(EmbeddedError):
    """A request that is answered with `status` and `text`.

    `retry_after` (seconds) becomes Retry-After; `replica`, how its replica ended, becomes X-Ftg-
    Replica.
    """

    def __init__(
        self, status: int, text: str, retry_after: int | None = None, replica: str = ""
    ) -> None:
        super().__init__(text)
        self.status, self.text = status, text
        self.retry_after, self.replica = retry_after, replica

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell a client more than the status does."""
        found = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status >= 500:
            found[INTERNAL] = "faastraingym"  # or it would be taken for the function's own
        return found | ({REPLICA: self.replica} if self.replica else {})
