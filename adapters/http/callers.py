"""Who a caller is: each line of the secret ftg-caller-tokens is a name and a token."""

import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple

from faastraingym.adapters.errors import SignatureError

CALLER_TOKENS = "ftg-caller-tokens"  # the secret's name
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SHORTEST = 16  # characters of a token


class Callers(NamedTuple):
    """Tokens by the names of their callers; never shown."""

    tokens: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"Callers({sorted(self.tokens)})"

    def who(self, headers: Mapping[str, str]) -> str:
        """The caller whose token a request shows; names of headers are in lower case.

        It takes as long for a wrong token as for a right one. SignatureError: it shows none of
        theirs.
        """
        token = shown(headers)
        if token is None:
            raise SignatureError(
                "write `Authorization: Bearer <token>` with a caller's token, of the secret "
                f"{CALLER_TOKENS}"
            )
        given, found = token.encode("utf-8", "surrogateescape"), ""
        for name, known in self.tokens.items():
            if hmac.compare_digest(given, known):
                found = name
        if not found:
            raise SignatureError(f"the token is of no caller of the secret {CALLER_TOKENS}")
        return found


NOBODY = Callers({})


def shown(headers: Mapping[str, str]) -> str | None:
    """The token that a request shows, if any."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def read(text: str) -> Callers:
    """The callers of a secret; raises ValueError: a line is none, its text says which."""
    tokens: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, _, token = line.strip().partition(" ")
        token = token.strip()
        if not NAME.fullmatch(name) or len(token) < SHORTEST or not token.isascii():
            raise ValueError(
                f"line {number} is ill-formed; write `<caller> <token>`: a name of 1 to 63 of a-z, "
                f"0-9 and -, a space, and {SHORTEST} ASCII characters or more"
            )
        if name in tokens or token.encode() in tokens.values():
            raise ValueError(f"line {number} repeats a caller or a token; write each once")
        tokens[name] = token.encode()
    return Callers(tokens)
