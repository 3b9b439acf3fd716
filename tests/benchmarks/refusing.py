"""Files that are no rows."""

from collections.abc import Callable
from pathlib import Path

import pytest


def refuses(read: Callable[[Path], object], text: str, why: str, folder: Path) -> None:
    """Reading such a file fails; the error names the file and what is wrong in it."""
    file = folder / "some.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=why) as raised:
        read(file)
    assert str(file) in str(raised.value)
