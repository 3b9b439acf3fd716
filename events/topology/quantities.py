"""Quantities of memory, as Kubernetes writes them."""

import re
from decimal import ROUND_CEILING, Decimal

MEMORY_LIMIT = "FTG_MEMORY_LIMIT"  # the variable by which stack.yml tells a function its own
_UNITS = {
    **{unit: Decimal(1000) ** power for power, unit in enumerate((*"num", "", *"kMGTPE"), -3)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_FORM = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3})|([A-Za-z]*))")


def quantity(text: str) -> int:
    """The bytes in `512Mi`, `1.5G` or `129e6`, rounded up; ValueError of another text."""
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
    """A quantity in MiB, rounded down; 0 for an empty text; errors as of `quantity`."""
    return quantity(text) >> 20 if text else 0
