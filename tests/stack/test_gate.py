"""The commands of examples/ci, as a pipeline would run them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

EXAMPLES = Path("examples/ci").absolute()


def steps(name: str) -> list[str]:
    """The shell's lines in order, the cleaning up last; installing is left out."""
    told = yaml.safe_load((EXAMPLES / name).read_text())
    job: dict[str, Any] = told["train"] if "train" in told else told["jobs"]["gate"]
    lines = [step.get("run", "") for step in job.get("steps", [])]
    lines += [*job.get("script", []), *job.get("after_script", [])]
    return [line for line in lines if line and line != "make install"]


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_pipeline_trains_judges_and_cleans_up(name: str, tmp_path: Path, compiled: Path) -> None:
    commands = steps(name)
    assert commands[-1] == ".venv/bin/faastrain down"
    program = tmp_path / ".venv/bin/faastrain"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m faastraingym.cli.main "$@"\n')
    program.chmod(0o755)
    (tmp_path / "examples").symlink_to(EXAMPLES.parent)
    known = {
        "PYTHONPATH": str(EXAMPLES.parents[1]),
        "FTG_COMPILATION_CACHE": str(compiled),
        "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "CI_JOB_ID": "7",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip

    def run(command: str) -> None:
        everything = os.environ | known
        subprocess.run(["sh", "-c", command], cwd=tmp_path, env=everything, check=True)  # noqa: S607

    try:
        for command in commands[:-1]:
            run(command)
    finally:
        run(commands[-1])
    suites = ElementTree.parse(tmp_path / "gate.xml").getroot()  # noqa: S314
    assert (suites.get("tests"), suites.get("failures")) == ("3", "0")
    assert "| return | >= 475 |" in (tmp_path / "summary.md").read_text()
