from pathlib import Path

import msgspec
import pytest

from benchmarks import marked


class Said(msgspec.Struct, forbid_unknown_fields=True):
    word: str
    table: dict[str, int] = {}


SPEC = """
#: word = "yes"
# a comment
environment = {id = "CartPole-v1"}
#: [table]
#: one = 1
algorithm = {name = "ppo"}
stop = {env_steps = 100}
"""


def test_a_file_is_a_specification_and_what_its_marked_lines_say(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text(SPEC)
    said, raw = marked.read(file, Said)
    assert said == Said("yes", {"one": 1})
    assert raw["stop"] == {"env_steps": 100}
    assert "word" not in raw


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('"yes"', "1"), "word"),
        (('#: word = "yes"', ""), "word"),
        (("#: one", "#: two words"), "line"),
        (('"ppo"', '"pop"'), "pop"),
        (("env_steps = 100", "env_steps = 0"), "env_steps"),
        (("stop = {", "stop = "), "line"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(
    change: tuple[str, str], why: str, tmp_path: Path
) -> None:
    file = tmp_path / "some.toml"
    file.write_text(SPEC.replace(*change))
    with pytest.raises(ValueError, match=why) as raised:
        marked.read(file, Said)
    assert str(file) in str(raised.value)
