"""Files of lines to which a run is appended; a line that a cut left unfinished is removed."""

from pathlib import Path

from faastraingym.loggers.errors import CannotWrite


def whole(path: Path) -> str:
    """The text of the file's finished lines; what follows them is cut off.

    Raises:
        CannotWrite: it cannot be read and written, or its folder is not there.
    """
    try:
        with path.open("a+b") as file:
            file.seek(0)
            data = file.read()
            kept = data[: data.rfind(b"\n") + 1]
            if len(kept) < len(data):
                file.truncate(len(kept))
        return kept.decode()
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror}; name another file") from error
    except UnicodeDecodeError as error:
        raise CannotWrite(f"{path} is no text; name another file") from error


def append(path: Path, text: str) -> None:
    """Add lines.

    Raises:
        CannotWrite: the disk does not take them.
    """
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror}") from error
