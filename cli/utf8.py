"""Paths, arguments and files are UTF-8, in every locale; what is printed is the terminal's."""

import os
import sys


def insist() -> None:
    """Where Python takes paths for another encoding, start this command again in its UTF-8 mode.

    So a home below `/home/jürgen` is the same place to every command, in every locale.
    """
    if sys.getfilesystemencoding().lower() == "utf-8":
        return
    printed = sys.stdout.encoding if sys.stdout else "utf-8"
    environment = {**os.environ, "PYTHONIOENCODING": f"{printed}:replace"}
    command = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606  this very command
