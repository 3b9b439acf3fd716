"""Texts of users: TOML, YAML and JSON are equally strict, and mean what their standards say."""

import math
from typing import Any

import pytest

from faastraingym.events.triggers.documents import parse
from faastraingym.schemas.errors import DocumentError


def yaml(text: str) -> Any:
    return parse("a.yaml", f"x: {text}\n".encode())["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0100", 100),
        ("010", 10),
        ("-007", -7),
        ("0o17", 15),
        ("0x1F", 31),
        ("+1", 1),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("True", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("NULL", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("12e03", 12000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.5:3", "1.5:3"),
        ("2026-11-28", "2026-11-28"),
        ("=", "="),
        ("'0100'", "0100"),
        ("!!str 7", "7"),
        ("!!float 7", 7.0),
        ("{<<: {a: 1}}", {"<<": {"a": 1}}),
    ],
)
def test_yaml_is_yaml_1_2(text: str, value: object) -> None:
    """By the core schema; https://yaml.org/spec/1.2.2/#1032-tag-resolution."""
    found = yaml(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_one() -> None:
    assert all(math.isnan(yaml(text)) for text in (".nan", ".NaN", ".NAN"))
    assert yaml("nan") == "nan"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "stop:\n  n: 64\n  n: 640\n", "line 3, column 3: the key 'n' comes twice; keep"),
        ("a.yaml", "a: 1\n'a': 2\n", "line 2, column 1: the key 'a' comes twice"),
        ("a.yaml", "a: {b: 1, c: {b: 1, b: 2}}", "line 1, column 21: the key 'b' comes twice"),
        ("a.yaml", "- {a: 1}\n- {a: 1, a: 1}\n", "line 2, column 10: the key 'a' comes twice"),
        ("a.json", '{"a": {"n": 1,\n "n": 2}}', "line 2, column 2: the key 'n' comes twice"),
        ("a.json", '{"a": {"a": 1}, "\\u0061": 2}', "line 1, column 17: the key 'a' comes twice"),
        ("a.json", '{"a": 1,\n"a": {"b": 1, "b": 2}}', "line 2, column 1: the key 'a' comes"),
        ("a.json", '{"q": "\\"a\\": {", "a": 1, "a": 2}', "column 27: the key 'a' comes twice"),
        ("a.toml", "a = 1\n[b]\nc = 1\nc = 2\nd = 3\n", "line 4, column 6: Cannot overwrite"),
        ("a.yaml", "1: 2", "line 1, column 1: a key is 1, which is no text; write it in quotes"),
        ("a.yaml", "a: {true: 2}", "line 1, column 5: a key is true, which is no text"),
        ("a.yaml", "? [a]\n: 1", "line 1, column 3: a key is a sequence, which is no text"),
        ("a.yaml", "a: 1\n---\nb: 1\n", "line 2, column 1: expected a single document in the str"),
        ("a.yaml", "a:\n\t- b", "line 2, column 1: found character '\\t' that cannot start any to"),
        ("a.yaml", "a: !!int 1_000", "line 1, column 4: no int of YAML 1.2; write YAML"),
        ("a.yaml", "a: !!set {b}", "line 1, column 4: could not determine a constructor for the"),
        ("a.yaml", "a: !!python/name:os.system", "could not determine a constructor for the tag"),
        ("a.yaml", "a: &a {b: 1}\nc: {<<: *a}", "line 2, column 9: an alias; write it out"),
        ("a.json", '{"a": "NaN", "b":\n [NaN]}', "line 2, column 3: NaN is no number of JSON"),
        ("a.json", '{"a": -Infinity}', "line 1, column 7: -Infinity is no number of JSON"),
        ("a.json", '{"a" 1}', "line 1, column 6: Expecting ':' delimiter; write JSON"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(name: str, text: str, said: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        parse(name, text.encode())
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(f"{name}, line ")
    assert "\n" not in str(refusal.value)


TEXTS = {"a.json": '{"a": "ü"}', "a.yaml": "a: ü\n", "a.toml": "a = 'ü'\n"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_byte_order_mark_is_no_part_of_a_text(name: str) -> None:
    assert parse(name, TEXTS[name].encode("utf-8-sig")) == {"a": "ü"}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "is UTF-16; save it as UTF-8"),
        ("utf-16-le", "is UTF-16; save it as UTF-8"),
        ("utf-16-be", "is UTF-16; save it as UTF-8"),
        ("utf-32", "is UTF-32; save it as UTF-8"),
        ("utf-32-be", "is UTF-32; save it as UTF-8"),
        ("latin-1", "is not UTF-8; save it as UTF-8"),
    ],
)
def test_another_encoding_is_refused_by_name(name: str, encoding: str, said: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        parse(name, TEXTS[name].encode(encoding))
    assert str(refusal.value).startswith(f"{name}: ")
    assert str(refusal.value).endswith(said)
