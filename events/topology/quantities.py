"""Quantities as Kubernetes writes them: a function's limit of memory."""

import re
from decimal import ROUND_CEILING, Decimal

MEMORY_LIMIT = "FTG_MEMORY_LIMIT"  # the variable by which stack.yml tells a function its own
_DECIMAL = {unit: Decimal(1000) ** power for power, unit in enumerate(("", *"kMGTPE"))}
_BINARY = {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_SMALL = {"m": Decimal("1e-3"), "u": Decimal("1e-6"), "n": Decimal("1e-9")}
_UNITS = _DECIMAL | _BINARY | _SMALL
_FORM = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3})|([A-Za-z]*))")


def quantity(text: str) -> int:
    """A number of bytes: `512Mi`, `2Gi`, `1.5G`, `128974848`, `129e6`; parts of one round up.

    Raises:
        ValueError: not one.
    """
    match = _FORM.fullmatch(text.strip())
    number, exponent, unit = match.groups() if match else ("", None, "?")
    if exponent is None and unit not in _UNITS:
        raise ValueError(f"{text!r:.40} is not a quantity such as 512Mi or 2Gi")
    scale = _UNITS[unit] if exponent is None else Decimal(10) ** int(exponent)
    size = Decimal(number) * scale
    if size >= 2**63:
        raise ValueError(f"{text!r:.40} is more than any memory")
    return int(size.to_integral_value(ROUND_CEILING))


def mebibytes(text: str) -> int:
    """The same in MiB, rounded down; none: 0.

    Raises:
        ValueError: no quantity.
    """
    return quantity(text) >> 20 if text else 0
