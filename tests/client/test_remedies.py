"""A refusal is told in the words of who was refused."""

from pathlib import Path

import pytest

from faastraingym.client.remedies import keyword, option, told

ENDLESS = "an evaluation might never end; set environment.kwargs.max_episode_steps = N"
UNKNOWN = "spec.environment.id: no environment 'Dock' is registered; did you mean 'Dog-v0'?"


@pytest.mark.parametrize(
    ("form", "remedy"),
    [
        (None, "set environment.kwargs.max_episode_steps = N"),
        (option, "write --set environment.kwargs.max_episode_steps=N"),
        (keyword, 'write environment={"kwargs": {"max_episode_steps": N}}'),
    ],
)
def test_a_setting_is_written_as_its_caller_writes_it(form, remedy: str) -> None:
    assert told(ENDLESS, form, Path()) == f"an evaluation might never end; {remedy}"


def test_a_setting_of_the_algorithm_is_a_keyword_of_its_own() -> None:
    said = told("or set algorithm.normalize_observations = true; more", keyword, Path())
    assert said == "or write normalize_observations=True; more"


@pytest.mark.parametrize(
    "text",
    [
        "class Dock(gymnasium.Env):\n",
        'gymnasium.register("Dock", Mine)\n',
        "gymnasium.register(\n    id='Dock', entry_point=Mine)\n",
    ],
)
def test_the_file_that_has_the_environment_is_meant(tmp_path: Path, text: str) -> None:
    assert told(UNKNOWN, option, tmp_path) == UNKNOWN
    (tmp_path / "a.py").write_text("class Docks: pass\n# class Dock\n")
    (tmp_path / "dock.py").write_text(text)
    said = "spec.environment.id: no environment 'Dock' is registered; did you mean 'dock.py:Dock'?"
    assert told(UNKNOWN, option, tmp_path) == said
