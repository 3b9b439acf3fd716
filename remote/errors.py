"""What a remote environment raises for a person."""


class RemoteError(Exception):
    """A request that `env-step` refused, or that it did not answer in time.

    `kind` is one of schemas/answers.py, as `bad-request`, `expired` or `unavailable`; `path` names
    the field that is wrong, if one is. The text says what was wrong, where, and what to do.
    """

    def __init__(self, kind: str, path: str, text: str) -> None:
        super().__init__(kind, path, text)  # all three, so that it crosses a process as it is
        self.kind = kind
        self.path = path
        self.text = text

    def __str__(self) -> str:
        return self.text
