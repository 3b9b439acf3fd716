"""Command lines that choose by name what is measured."""

import argparse
from collections.abc import Collection, Mapping
from functools import partial


def chooser(
    program: str, description: str, kind: str, known: Mapping[str, str], metavar: str = "NAME"
) -> argparse.ArgumentParser:
    """A parser of `names`, all of them unless some are given.

    Args:
        program: what is typed.
        description: what it does.
        kind: what the names are of.
        known: what may be named, with a sentence, or none, about each.
        metavar: of a name.
    """
    width = max(map(len, known), default=0)
    listing = "\n".join(f"  {name:<{width}} {told}".rstrip() for name, told in known.items())
    made = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=f"{kind}s:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one = partial(_known, known)
    made.add_argument("names", nargs="*", metavar=metavar, type=one, help="default: all")
    return made


def _known(names: Collection[str], name: str) -> str:
    if name not in names:
        raise argparse.ArgumentTypeError(f"{name!r}; known: {', '.join(names)}")
    return name


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; write a whole number of 1 or more")
    return int(text)
