"""docs/experiments.md has the keys that there are, and its files and the shipped one are valid."""

import re
import tomllib
from typing import Any

import msgspec
import pytest

from faastraingym.algorithms.experiments import dimensions, space
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.schemas import experiment
from faastraingym.schemas.experiment import ExperimentSpec, Sampled
from tests.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "experiments.md").read_text()
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TABLES = {"kind": experiment.AnyDimension, "sampler": experiment.AnySampler}
TABLES["scheduler"] = experiment.AnyScheduler


def rows(head: str) -> list[list[str]]:
    """The cells of the table whose head begins with this."""
    (found,) = re.findall(rf"^\| {head} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]


def keys(cell: str) -> dict[str, str]:
    """`factor` (3): with the default, if one is told."""
    return dict(re.findall(r"`(\w+)`(?: \(([^)]*)\))?", cell))


def fields(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Those of a table, without a dimension's condition, which is told for all."""
    found = [each for each in msgspec.structs.fields(kind) if each.name != "when"]
    return {each.name: "" if each.required else told(each.default) for each in found}


def told(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(told, value))
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


@pytest.mark.parametrize("column", TABLES)
def test_every_kind_is_told_with_its_keys_and_defaults(column: str) -> None:
    found = {name.strip("`"): keys(listed) for name, listed, _ in rows(column)}
    assert found == {
        str(kind.__struct_config__.tag): fields(kind) for kind in TABLES[column].__args__
    }


def test_every_key_of_an_experiment_is_told() -> None:
    """And of its budget."""
    tables = re.findall(r"^\| key \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    named = [re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE) for table in tables]
    assert named == [
        [*ExperimentSpec.__struct_fields__],
        [*experiment.Budget.__struct_fields__],
    ]


def test_the_first_file_is_an_experiment() -> None:
    spec = parse(tomllib.loads(BLOCKS[0]))
    assert isinstance(spec.sampler, Sampled)
    assert (space.trials(spec), dimensions.kind(spec.sampler)) == (24, "tpe")


def test_a_conditional_setting_is_one_of_the_file() -> None:
    raw = tomllib.loads(BLOCKS[0])
    raw["space"] |= tomllib.loads(BLOCKS[1])["space"]
    assert len(parse(raw).space) == 4


@pytest.mark.parametrize("file", sorted((CHECKOUT / "examples" / "experiments").glob("*.toml")))
def test_an_example_is_valid_and_so_is_every_key_in_a_comment(file: Any) -> None:
    text = file.read_text()
    assert parse(tomllib.loads(text))
    assert parse(tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)))
