import importlib

import pytest

from benchmarks.__main__ import BENCHMARKS, parser


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
