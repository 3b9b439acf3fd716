"""The names of policies, and the fields of a request."""

import msgspec
import pytest

from faastraingym.schemas.act import ActAnswer, ActRequest, OfRun, parse
from faastraingym.schemas.errors import ModelError
from faastraingym.schemas.models import Named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("models/cartpole@champion", Named("cartpole", "champion")),
        ("models/cartpole/3", Named("cartpole", version=3)),
        ("models/cartpole", Named("cartpole")),
        ("runs/small", OfRun("small")),
        ("runs/small/0", OfRun("small", 0)),
        ("runs/small/41", OfRun("small", 41)),
    ],
)
def test_a_policy_is_a_models_or_a_runs(text: str, named: Named | OfRun) -> None:
    assert parse(text) == named
    assert text.endswith(str(named))


@pytest.mark.parametrize(
    "text",
    ["", "cartpole", "cartpole@champion", "runs/", "runs/A", "runs/a/", "runs/a/01", "runs/a/b/1"],
)
def test_another_text_names_none(text: str) -> None:
    with pytest.raises(ModelError, match="names no policy; write models/NAME@ALIAS, "):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["runs/a/-1", "runs/a@b", "run/a", "runs/a/1\n", "runs/../keys/1", "runs/a/1_0", "runs/a/²"],
)
def test_no_version_is_no_number(text: str) -> None:
    with pytest.raises(ModelError, match="names no policy; write models/NAME@ALIAS, "):
        parse(text)


@pytest.mark.parametrize("text", ["models/", "models/A", "models/a@", "models/a/0", "models/a/b/c"])
def test_another_model_is_refused_in_the_registrys_own_words(text: str) -> None:
    with pytest.raises(ModelError, match=r"no model's name|no alias|names no version"):
        parse(text)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"policy": 3}, r"\$\.policy"),
        ({"policy": "x" * 257}, r"\$\.policy"),
        ({"seed": -1}, r"\$\.seed"),
        ({"seed": 2**63}, r"\$\.seed|out of range"),
        ({"want": ["states"]}, r"\$\.want\[0\]"),
        ({"want": ["values"] * 4}, r"\$\.want"),
        ({"deterministic": 1}, r"\$\.deterministic"),
        ({"observation": []}, "unknown field `observation`"),
    ],
)
def test_a_field_is_refused_by_its_path(field: dict[str, object], said: str) -> None:
    asked = {"policy": "runs/x", "observations": [[1.0]]} | field
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(asked, ActRequest)


def test_what_nobody_wanted_is_left_out() -> None:
    answer = ActAnswer(policy="runs/x/1", sha256="a" * 64, actions=[1])
    assert msgspec.to_builtins(answer).keys() == {"policy", "sha256", "actions"}
