r"""Values as nats-server's configuration writes them. It resembles JSON, and is none.

Its strings know the escapes \t, \n, \r, \", \\ and \xXX for a byte; JSON's \u00fc is an error
to it. Any other character stands for itself, in UTF-8.
"""

import os
from collections.abc import Mapping, Sequence

ESCAPED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}

Value = str | bool | int | Mapping[str, "Value"] | Sequence["Value"]


def written(value: Value) -> str:
    """`value` as it stands in nats.conf; a path may hold bytes that are no UTF-8."""
    match value:
        case str():
            return f'"{"".join(map(_character, value))}"'
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Mapping():
            pairs = (f"{written(key)}: {written(each)}" for key, each in value.items())
            return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join(map(written, value)) + "]"


def _character(one: str) -> str:
    if one in ESCAPED:
        return ESCAPED[one]
    if one.isprintable():
        return one
    return "".join(f"\\x{byte:02X}" for byte in os.fsencode(one))
