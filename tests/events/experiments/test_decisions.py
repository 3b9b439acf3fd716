"""Rankings, and the words for them."""

import pytest

from faastraingym.events.experiments.decisions import Result, best, ordinal, ranked, standing


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (10, "10th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (102, "102nd"),
        (111, "111th"),
        (1013, "1013th"),
    ],
)
def test_an_ordinal_is_an_english_one(rank: int, words: str) -> None:
    assert ordinal(rank) == words


def test_best_first_then_by_number_then_the_failed() -> None:
    results = [Result(trial, 0, score) for trial, score in enumerate([1.0, None, 2.0, 2.0, -3.0])]
    assert [each.trial for each in ranked(results)] == [2, 3, 0, 4, 1]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.43, "0.43 is 7th of 9 at 10,000 steps"),
        (-151.23456789, "-151.235 is 7th of 9 at 10,000 steps"),
        (None, "it failed before 10,000 steps"),
    ],
)
def test_a_standing_has_its_numbers(score: float | None, words: str) -> None:
    assert standing(Result(3, 1, score), 7, 9, 10_000) == words


def test_one_is_not_many() -> None:
    assert best(1) == "the best goes on"
    assert best(3) == "the best 3 go on"
