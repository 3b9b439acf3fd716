"""Fuzz every decoder and print what was tried: `python -m tests.fuzz --examples 20000`."""

import argparse
import sys

from tests.fuzz.decoders import DECODERS
from tests.fuzz.trying import Tally, bombs, generated

ROW = "{:<44}{:>9}{:>9}{:>9}{:>10}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000, help="inputs for each decoder")
    parser.add_argument("--only", default="", help="decoders whose name holds this")
    given = parser.parse_args()
    write(ROW.format("decoder", "inputs", "refused", "seconds", "peak MiB"))
    total = Tally()
    chosen = {name: decoder for name, decoder in DECODERS.items() if given.only in name}
    for name, decoder in chosen.items():
        found = bombs(decoder) + generated(decoder, given.examples)
        show(name, found)
        total += found
    show(f"{len(chosen)} decoders", total)


def show(name: str, found: Tally) -> None:
    peak = f"{found.peak / 2**20:.1f}"
    write(ROW.format(name, found.inputs, found.refused, f"{found.seconds:.1f}", peak))


def write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
