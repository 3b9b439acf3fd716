"""The rows of `make learn`: a file each, a specification as `faastrain train` takes it.

Its marked lines (benchmarks/marked.py) say what the row shall reach; a specification has no place
for that, since training goes on to the end of the budget whether or not it is reached.
"""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from benchmarks import marked
from benchmarks.learn import own
from faastraingym.adapters.packages.wheels import Package
from faastraingym.algorithms import registry
from faastraingym.schemas.specification import RunSpec, to_dict

FOLDER = Path(__file__).parent
SMALL = 10.0


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row shall reach."""

    goal: float  # mean undiscounted return of the last version's evaluation, over all seeds
    yardstick: str  # who reached what, and after how many steps
    seeds: Annotated[int, Meta(ge=1)] = 5
    tried: str = ""  # of a row that is not reached: what did not help
    modules: list[str] = []  # that register its environment, as FTG_ENVIRONMENTS names them

    @property
    def decimals(self) -> int:
        """With which returns are told: small ones differ in the third."""
        return 1 if abs(self.goal) >= SMALL else 3


class Row(NamedTuple):
    """One line of the table."""

    file: Path
    goal: Goal
    raw: dict[str, Any]  # the specification, as start-run has it
    package: Package | None = None  # of an environment that is a file's

    @property
    def name(self) -> str:
        """The file's, without its suffix."""
        return self.file.stem

    def spec(self, seed: int) -> RunSpec:
        """The specification with a seed."""
        return registry.parse({**self.raw, "seed": seed})

    def admit(self) -> None:
        """Let this process build the row's environment.

        Raises:
            ImportError: a module that the row names is not installed.
        """
        own.admit(self.goal.modules, self.package)

    @property
    def identity(self) -> dict[str, Any]:
        """All that its results depend on but the seed."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(to_dict(self.spec(0))))
        del plain["seed"]
        return plain


def read(file: Path) -> Row:
    """One row.

    Raises:
        ValueError: the file is not there or is none of a row; the text says why.
    """
    goal, raw = marked.read(file, Goal)
    try:
        return Row(file, goal, *own.take(raw, file.parent))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


names, named = marked.rows(FOLDER, read)
