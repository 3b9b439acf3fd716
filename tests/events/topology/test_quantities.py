"""Quantities of memory, as Kubernetes reads them."""

import pytest

from faastraingym.events.topology.quantities import mebibytes, quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("256Mi", 256 << 20),
        ("2Gi", 2 << 30),
        ("1.5Gi", 3 << 29),
        (".5Gi", 1 << 29),
        ("1.Ki", 1024),
        ("128974848", 128974848),
        ("129e6", 129_000_000),
        ("129E6", 129_000_000),
        ("1E", 10**18),
        ("1G", 10**9),
        ("1k", 1000),
        ("1Ti", 1 << 40),
        ("128974848000m", 128974848),
        ("1m", 1),  # parts of a byte round up
        ("0", 0),
        (" 64Mi ", 64 << 20),
        ("7Ei", 7 << 60),
    ],
)
def test_quantities_are_read_as_kubernetes_has_them(text: str, value: int) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize(
    "text", ["", "Mi", "512 Mi", "512MB", "512mi", "-1Gi", "1e", "1e3Mi", "1K", "0x10", "٣Mi", "."]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity such as 512Mi or 2Gi"):
        quantity(text)


@pytest.mark.parametrize("text", ["8Ei", "1e999", "9" * 400])
def test_more_than_any_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is more than any memory"):
        quantity(text)


@pytest.mark.parametrize(("text", "value"), [("", 0), ("512Mi", 512), ("1G", 953), ("1Ki", 0)])
def test_mebibytes_are_rounded_down(text: str, value: int) -> None:
    assert mebibytes(text) == value
