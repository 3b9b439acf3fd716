"""A terminal that remembers what it was told."""

import io


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
