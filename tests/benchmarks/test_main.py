import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks.__main__ import BENCHMARKS, parse, parser
from benchmarks.report import Row


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_its_module(name: str) -> None:
    assert callable(importlib.import_module(BENCHMARKS[name].module).measure)


@pytest.mark.parametrize("arguments", [["speed"], ["--repeat", "0"], ["--repeat", "x"]])
def test_what_cannot_be_run_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)
    assert arguments[-1] in capsys.readouterr().err


def test_names_choose() -> None:
    assert parser().parse_args(["hops", "solving"]).names == ["hops", "solving"]


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [([], (10, 11)), (["--first-seed", "21"], (10, 21)), (["--repeat", "3"], (3, 11))],
)
def test_the_seeds_of_targets_can_be_chosen(
    arguments: list[str],
    measured: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[int, ...]] = []

    def measure(repeat: int, first_seed: int) -> list[Row]:
        called.append((repeat, first_seed))
        return []

    def imported(name: str) -> Any:
        assert name == "benchmarks.targets.measuring"
        return SimpleNamespace(measure=measure)

    monkeypatch.setattr(bench.importlib, "import_module", imported)
    monkeypatch.setattr(bench.signal, "signal", lambda *_: None)
    assert bench.main([*arguments, "targets", "--json", str(tmp_path / "some.json")]) == 0
    assert called == [measured]


@pytest.mark.parametrize("names", [["hops"], ["targets", "hops"], []])
def test_a_seed_is_refused_where_there_is_no_choice(
    names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--first-seed", "21", *names])
    assert "hops" in capsys.readouterr().err.splitlines()[-1]


def test_without_names_all_are_measured() -> None:
    assert parse([]).names == [*BENCHMARKS]
