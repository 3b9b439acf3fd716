"""A command lives in any locale: what a terminal cannot show is replaced, never a reason to die."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faastraingym.cli.screen import Screen
from faastraingym.cli.summary import print_summary
from faastraingym.client.live import LiveView
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunRequested
from tests.cli.conftest import Desk
from tests.client.facts import NOW, RUN, SPEC, beginning, completed, records, usage

FAASTRAIN = str(Path(sys.executable).parent / "faastrain")
LOCALES: dict[str, dict[str, str]] = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "C, not coerced": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LANG": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "unknown": {"LC_ALL": "xx_XX.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def typed(folder: Path, variables: dict[str, str], *arguments: str | bytes) -> Any:
    """The installed command, in a locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    environment = {**kept, "FAASTRAIN_HOME": str(folder / "jürgen 日本"), **variables}
    return subprocess.run(
        [FAASTRAIN, *arguments], env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("name", LOCALES)
def test_no_locale_ends_a_command(name: str, tmp_path: Path) -> None:
    """Help, checks, a specification beyond ASCII, and a home of such a name."""
    spec = tmp_path / "spéc.toml"
    spec.write_text('# ü 日本\n[environment]\nid = "Größe-v1"\n', encoding="utf-8")
    for arguments, code, said in (
        (["--help"], 0, b"commands"),
        (["runs"], 4, b"no stack runs at"),
        (["down"], 0, b"no stack ran at"),
        (["train", str(spec)], 3, b"spec.stop: missing"),
        (["train", str(tmp_path / "spéc.yml")], 3, b"no such file"),
    ):
        done = typed(tmp_path, LOCALES[name], *arguments)
        assert done.returncode == code, done.stderr
        assert said in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("name", LOCALES)
def test_json_loses_nothing(name: str, tmp_path: Path) -> None:
    """Where the output has no such character, JSON's own escapes have it; every locale has one."""
    (tmp_path / "jürgen 日本").mkdir()
    done = typed(tmp_path, LOCALES[name], "doctor", "--json")
    home = next(check for check in json.loads(done.stdout) if check["name"] == "home")
    assert home["found"] == str(tmp_path / "jürgen 日本")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([b"train", b"sp\xffc.toml"], 3),
        ([b"show", b"\xff"], 3),
        ([b"train", b"spec.json", b"--set", b"environment.kwargs.x='\xff'"], 3),
        ([b"train", b"spec.json", b"--run", b"\xe9"], 3),
        ([b"\xfe"], 3),
        ([b"export", b"run", b"\xff"], 3),
    ],
)
def test_an_argument_that_is_no_text_is_told_in_a_line(
    arguments: list[bytes], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.json").write_text(json.dumps(SPEC))
    for locale in ({}, LOCALES["C, not coerced"], LOCALES["ascii"]):
        done = typed(tmp_path, locale, *arguments)
        assert done.returncode == code, done.stderr
        assert done.stderr.startswith(b"faastrain: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_closed_output_ends_nothing(tmp_path: Path) -> None:
    """As by `>&-`."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{FAASTRAIN}" down >&- 2>&-'],
        env={**os.environ, "FAASTRAIN_HOME": str(tmp_path / "none")},
        check=False,
    )
    assert done.returncode == 0


class Narrow(io.TextIOWrapper):
    """A terminal with an encoding of its own."""

    def __init__(self, encoding: str, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="replace")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("terminal", [True, False])
def test_everything_that_is_drawn_has_a_form_without_its_signs(
    encoding: str, terminal: bool
) -> None:
    """The bar, the curves, ± and a run's own text."""
    out = Narrow(encoding, terminal)
    screen = Screen(out, out)
    told = records(RunRequested(run=RUN, spec=SPEC), *beginning(), completed("größer 日本"))
    print_summary(screen, build(RUN, fold(told), [usage("rollout", 2.0, True)], NOW))
    with LiveView(out, RUN) as view:
        view.notice("größer 日本")
    shown = out.text()
    assert "480.50 ± 12.25" in shown or (encoding == "ascii" and "480.50 ? 12.25" in shown)
    assert RUN in shown


def test_what_is_written_is_utf_8_whatever_is_printed(desk: Desk) -> None:
    """A gate's files."""
    spec = desk.write("s.json", json.dumps(SPEC))
    files = ("--junit", "j.xml", "--markdown", "m.md")
    assert desk("gate", spec, "--min-return", "481", *files) == 1
    for name in ("j.xml", "m.md"):
        assert "480.50 ± 12.25" in (desk.folder / name).read_bytes().decode()
    assert (
        (desk.folder / "j.xml").read_bytes().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    )
