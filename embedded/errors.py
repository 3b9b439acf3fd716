"""What can go wrong on one machine.

EmbeddedError
├── StackError      the stack cannot start, stop or be found: one line for a person
└── ProviderError   a request is answered with this status and text
"""


class EmbeddedError(Exception):
    """Base of all."""


class StackError(EmbeddedError):
    """The text says what was wrong, where, and what to do."""


class ProviderError(EmbeddedError):
    """A request that is answered with `status` and `text`.

    `retry_after` in seconds becomes the header Retry-After.
    """

    def __init__(self, status: int, text: str, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after
