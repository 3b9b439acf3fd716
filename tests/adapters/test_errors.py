import inspect
import pkgutil

import nats.errors
import pytest

from faastraingym.adapters.errors import (
    FOREIGN,
    AdapterError,
    Refused,
    Unavailable,
    translate,
    translated,
)
from faastraingym.events import ports

LIBRARIES = {
    nats.errors: nats.errors.Error,
}
THEIRS = [
    kind
    for module, base in LIBRARIES.items()
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, base)
]


def raised(kind: type[BaseException]) -> BaseException:
    return kind.__new__(kind)


@pytest.mark.parametrize("kind", THEIRS)
def test_every_error_of_a_library_has_a_name_of_ours(kind: type[BaseException]) -> None:
    """A new version of a library that brings a new base class fails here."""
    ours = translate(raised(kind))
    assert ours is not None
    assert issubclass(ours, AdapterError)


@pytest.mark.parametrize("name", FOREIGN)
def test_every_name_in_the_table_exists(name: str) -> None:
    """The table speaks of real exceptions, and each is its own entry's."""
    kind = pkgutil.resolve_name(name)
    assert translate(raised(kind)) is FOREIGN[f"{kind.__module__}.{kind.__qualname__}"]


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
        (nats.errors.TimeoutError(), Unavailable),
        (nats.errors.ConnectionClosedError(), Unavailable),
        (nats.errors.MaxPayloadError(), Refused),
        (KeyError(), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_transient_is_told_from_wrong(error: BaseException, ours: type | None) -> None:
    """And a defect is nobody's."""
    assert translate(error) is ours


def test_a_translation_says_what_was_done_and_keeps_the_cause() -> None:
    """The caller reads one sentence; the log has the rest."""
    with pytest.raises(Unavailable, match="get x: gone") as caught, translated("get x"):
        raise ConnectionResetError("gone")
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    assert isinstance(caught.value, ports.Unavailable)


@pytest.mark.parametrize("error", [Refused("o"), KeyError("defect")])
def test_our_errors_and_defects_pass(error: Exception) -> None:
    """They are raised as they are."""
    with pytest.raises(type(error)) as caught, translated("get x"):
        raise error
    assert caught.value is error
