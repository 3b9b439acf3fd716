"""Names on the command line of what is measured."""

import pytest

from benchmarks.options import chooser

KNOWN = {"hops": "from fact to handler", "lag": ""}


def test_names_are_chosen_in_their_order_or_all() -> None:
    made = chooser("prog", "Measure.", "benchmark", KNOWN)
    assert made.parse_args(["lag", "hops"]).names == ["lag", "hops"]
    assert made.parse_args([]).names == []
    assert made.format_help().endswith("benchmarks:\n  hops from fact to handler\n  lag\n")


def test_another_name_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        chooser("prog", "Measure.", "benchmark", KNOWN).parse_args(["hop"])
    assert "'hop'; known: hops, lag" in capsys.readouterr().err
