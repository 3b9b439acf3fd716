"""Names of models, and which promotions are in force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.schemas import models
from faastraingym.schemas.errors import ModelError, PayloadError
from faastraingym.schemas.models import Canary, ModelVersion, Named, Promotion


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cartpole", Named("cartpole")),
        ("models/cartpole", Named("cartpole")),
        ("cartpole@champion", Named("cartpole", "champion")),
        ("models/cartpole@a-1", Named("cartpole", "a-1")),
        ("cartpole/12", Named("cartpole", version=12)),
    ],
)
def test_a_version_is_named_in_three_ways(text: str, named: Named) -> None:
    assert models.parse(text) == named
    assert models.parse(str(named)) == named


@pytest.mark.parametrize(
    "text",
    ["", "@champion", "cartpole@", "cartpole@1st", "cartpole/0", "cartpole/01", "cartpole/a",
     "cartpole@a/1", "a b", "a\n", "-a", "a@b@c", "cartpole/9999999999", "models/models/a"],
)  # fmt: skip
def test_what_names_none_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        models.parse(text)


def moves(*versions: int) -> list[Promotion]:
    """Promotions to these versions; 0 is a rollback."""
    return [
        Promotion(
            model="m", alias="a", number=i, version=v or 1, previous=0, rollback=not v, by="", at=i
        )
        for i, v in enumerate(versions, 1)
    ]


@pytest.mark.parametrize(
    ("made", "standing"),
    [((), []), ((3,), [3]), ((1, 2, 0), [1]), ((1, 2, 3, 0, 0), [1]), ((1, 2, 0, 3, 0), [1])],
)
def test_a_rollback_takes_one_promotion_back(made: tuple[int, ...], standing: list[int]) -> None:
    assert [move.version for move in models.standing(moves(*made))] == standing


def test_what_is_no_record_is_refused() -> None:
    data = models.dump(moves(1)[0])
    assert models.load(data, Promotion) == moves(1)[0]
    with pytest.raises(PayloadError, match="not a ModelVersion"):
        models.load(data, ModelVersion)


def a_canary(share: float) -> Canary:
    return Canary(model="m", alias="a", move=1, version=2, share=share, by="", at=1.0)


@given(st.binary(), st.floats(0, 1), st.floats(0, 1))
def test_a_canary_keeps_who_it_answers_while_its_share_grows(
    key: bytes, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert a_canary(low).answers(key) <= a_canary(high).answers(key)
    assert a_canary(1.0).answers(key)
    assert not a_canary(0.0).answers(key)


def test_a_canary_answers_its_share_of_keys() -> None:
    """Of 10,000 keys within five standard deviations."""
    for share in (0.01, 0.25, 0.9):
        found = sum(a_canary(share).answers(b"%d" % n) for n in range(10_000))
        assert abs(found - 10_000 * share) < 5 * (10_000 * share * (1 - share)) ** 0.5
