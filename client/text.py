"""Text of others, for a terminal."""

# Functions and environments may write anything, terminal commands included.
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """`text` without control characters; newlines and tabs stay."""
    return text.translate(_CONTROLS)
