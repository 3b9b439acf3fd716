from pathlib import Path

import pytest

from faastraingym.adapters.processes.checking import Checked
from faastraingym.algorithms.environments import spaces
from faastraingym.client.errors import BadInput
from faastraingym.client.specifications import Composed, load, override, validate
from tests.client.facts import SPEC


async def checked(raw: object) -> Checked:
    return Checked(spaces.validate(raw))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "[algorithm]\nname = 'ppo'\nlearning_rate = 1e-3\n"),
        ("a.yaml", "algorithm:\n  name: ppo\n  learning_rate: 1e-3\n"),
        ("a.yml", "algorithm: {name: ppo, learning_rate: 0.001}\n"),
        ("a.json", '{"algorithm": {"name": "ppo", "learning_rate": 0.001}}'),
    ],
)
def test_every_format_gives_the_same_tables(tmp_path: Path, name: str, text: str) -> None:
    """TOML, YAML and JSON say the same; 1e-3 is a number in YAML too."""
    (tmp_path / name).write_text(text)
    assert load(tmp_path / name) == {"algorithm": {"name": "ppo", "learning_rate": 0.001}}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "seed = 1\n[algorithm\n", "a.toml, line 2, column 11: "),
        ("a.toml", "seed = 'x\n", "a.toml, line 1: "),
        ("a.yaml", "seed: 1\nstop: [\n", "a.yaml, line 3, column 1: "),
        ("a.json", '{"seed": 1,\n "stop" 2}', "a.json, line 2, column 9: "),
        ("a.yaml", "- 1\n", "a.yaml: holds a list; write tables"),
        ("a.yaml", "a: &a 1\nb: *a\n", "a.yaml, line 2, column 4: an alias; write it out"),
        ("a.yaml", "seed: " + "9" * 5000, "a.yaml, line 1: not YAML (Exceeds the limit"),
        ("a.yaml", "[" * 2000, "a.yaml: nested too deeply; write tables"),
        ("a.toml", "seed = " + "9" * 5000, "a.toml, line 1: Exceeds the limit"),
        ("a.toml", ".".join("a" * 99) + " = 1", "a.toml, line 1: 98 dots; write tables"),
        ("a.toml", "d = 2024-01-02", "a.toml: spec.'d': found a date; allowed: text"),
        ("a.json", "[" * 100_000, "a.json: nested too deeply; write tables"),
        ("a.json", '{"seed": ' + "9" * 5000 + "}", "a.json: Exceeds the limit"),
        ("a.json", '{"a": "\\ud800"}', "a.json: spec.'a': found text that is no Unicode"),
        ("a.json", " " * (2**20 + 1), "a.json: larger than 1048576 bytes; write less"),
        ("a.ini", "seed=1", "a.ini: a specification ends in .toml, .yaml, .yml, .json"),
    ],
)
def test_what_does_not_parse_is_told_with_file_and_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    """One sentence: the file, the line, what is wrong."""
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput) as refusal:
        load(tmp_path / name)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """No such file, a folder, bytes that are no text."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    for name, said in [
        ("none.toml", "no such file"),
        ("folder.toml", "cannot be read: Is a directory"),
        ("latin.toml", "byte 2 is not UTF-8"),
    ]:
        with pytest.raises(BadInput, match=said):
            load(tmp_path / name)


def test_overrides_are_toml_values_and_leave_the_original_alone() -> None:
    """Numbers, texts, lists; new tables are made; the last one wins."""
    raw = {"algorithm": {"name": "ppo", "gamma": 0.9}}
    changed = override(
        raw,
        [
            "algorithm.gamma=0.98",
            "algorithm.gamma = 0.99",
            "environment.id='Acrobot-v1'",
            "algorithm.hidden_sizes=[8, 8]",
            "seed=7",
        ],
    )
    assert changed == {
        "algorithm": {"name": "ppo", "gamma": 0.99, "hidden_sizes": [8, 8]},
        "environment": {"id": "Acrobot-v1"},
        "seed": 7,
    }
    assert raw == {"algorithm": {"name": "ppo", "gamma": 0.9}}


@pytest.mark.parametrize("word", ["Acrobot-v1", "ALE/Pong-v5", "a.module:Name-v0", "ppo", "True"])
def test_a_word_needs_no_quotes(word: str) -> None:
    """What is TOML stays TOML: true, inf, 1e3."""
    assert override({}, [f"a.b={word}"]) == {"a": {"b": word}}
    assert override({}, ["a=true", "b=1e3"]) == {"a": True, "b": 1000.0}


def test_a_key_with_dots_stands_in_quotes() -> None:
    """As in a TOML file: the settings of an experiment's space are such keys."""
    raw = {"space": {"algorithm.gamma": {"low": 0.9, "high": 0.99}}}
    found = override(raw, ['space."algorithm.gamma".low=0.5', "space.'seed'=1"])
    assert found == {"space": {"algorithm.gamma": {"low": 0.5, "high": 0.99}, "seed": 1}}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("seed", "write key=value"),
        ("[a]\nb=1", "write key=value"),
        ('a."b=1', "write key=value"),
        ("a." * 500 + "b=1", "write key=value"),
        ("=1", "write key=value"),
        ("algorithm..gamma=1", "write key=value"),
        ("environment.id=Cart Pole", "write a text in quotes: --set 'environment.id=\""),
        ("environment.id=", "write a text in quotes"),
        ("environment.id='CartPole", "write a text in quotes"),
        ("algorithm.hidden_sizes=[64", "write a text in quotes"),
        ("seed=1_", "write a text in quotes"),
        ("seed=1\nevil=2", "the value is no TOML"),
        ("algorithm.name.first=1", "name is no table"),
    ],
)
def test_a_wrong_override_is_refused(assignment: str, said: str) -> None:
    """The text repeats the assignment and says how to write it."""
    with pytest.raises(BadInput) as refusal:
        override({"algorithm": {"name": "ppo"}}, [assignment])
    assert str(refusal.value).startswith(f"--set {assignment}: ")
    assert said in str(refusal.value)


async def test_a_good_specification_is_typed() -> None:
    """Defaults are filled in."""
    spec = (await validate(Composed(SPEC, "a.toml", "a"), checked)).spec
    assert (spec.environment.id, spec.rollout.needed, spec.algorithm.gamma) == (
        "CartPole-v1",
        2,
        0.99,
    )


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("rollout.threshold=3", "a.toml: spec.rollout.threshold: found 3; allowed: 1 to 2"),
        ("algorithm.gama=0.9", "a.toml: spec.algorithm.gama: unknown key; did you mean 'gamma'?"),
        ("environment.id='CartPol-v1'", "did you mean 'CartPole-v1'?"),
        ("algorithm.name='ppp'", "did you mean 'ppo'?"),
        ("environment.kwargs.num_envs=3", "spec.environment.kwargs.num_envs: may not be set"),
    ],
)
async def test_what_cannot_be_run_is_refused_in_the_words_of_start_run(
    assignment: str, said: str
) -> None:
    """Schema, combinations and environment are checked, and the file is named."""
    with pytest.raises(BadInput) as refusal:
        await validate(Composed(override(SPEC, [assignment]), "a.toml", "a"), checked)
    assert said in str(refusal.value)
