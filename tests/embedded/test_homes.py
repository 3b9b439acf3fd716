"""A home may be called anything; where none can be, that is said before anything starts."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml

from faastraingym.adapters.disk import STACK_VARIABLE
from faastraingym.embedded import processes, prometheus
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.settings import home_of
from faastraingym.embedded.stack import down, status, up
from tests.embedded.support import FUNCTIONS
from tests.embedded.test_stack import invoke
from tests.stack import stranger
from tests.stack.stranger import acting_as

ENVIRONMENT = {**os.environ, "FAASTRAIN_STACK": str(FUNCTIONS / "stack.yml")}
NAMES = {
    "letters": "jürgen 日本 🙂",
    "signs": "q\"'`$HOME $(x) \\n %s #{}[a]*?,;:=&|<>~!\n\t\x01",
    "dash": "-rf",
    "long": "x" * 200,
}


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / NAMES[getattr(request, "param", "letters")] / "home"
    yield made
    down(made)
    assert processes.of_stack(made) == []


@pytest.mark.parametrize("home", NAMES, indirect=True)
def test_a_stack_runs_in_a_home_of_any_name(home: Path) -> None:
    """Broker, store and functions; and all of its files are in it."""
    state = up(home, ENVIRONMENT)
    assert invoke(state, "function/echo", b"heard") == b"heard"
    assert (home / "nats" / "store" / "jetstream").is_dir()
    assert (home / "weed" / "data" / "filerldb2").is_dir()
    assert yaml.safe_load((home / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert [path.name for path in home.parent.iterdir()] == ["home"]


def test_a_link_leads_to_the_home(tmp_path: Path) -> None:
    """By either name it is the same stack."""
    (tmp_path / "link").symlink_to(tmp_path / "there")
    home = home_of({"FAASTRAIN_HOME": str(tmp_path / "link")})
    assert home == tmp_path / "there"
    try:
        assert up(tmp_path / "link", ENVIRONMENT).pid == up(home, ENVIRONMENT).pid
    finally:
        assert down(tmp_path / "link")


def test_prometheus_looks_for_rules_by_patterns() -> None:
    """A checkout's folder may have the signs of one in its name."""
    assert prometheus.pattern(Path("/a b/[x]?/c\\d/r*.yml")) == "/a b/\\[x]\\?/c\\\\d/r?.yml"


@pytest.fixture(scope="module")
def who() -> Iterator[pwd.struct_passwd]:
    """Another user of this machine."""
    reason = stranger.why_not()
    if reason:
        pytest.skip(reason)
    with stranger.user() as made:
        yield made


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may look into."""
    with tempfile.TemporaryDirectory(prefix="ftg-place-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103
        (Path(folder) / "file").write_text("")
        (Path(folder) / "private").mkdir(mode=0o700)
        yield Path(folder)


def refused(home: Path, act: Callable[[Path], object]) -> str:
    try:
        act(home)
    except StackError as error:
        return str(error)
    return ""


def start(home: Path) -> object:
    return up(home, ENVIRONMENT)


@pytest.mark.parametrize("name", ["below", "a/b/c", "file", "file/below", "private", "private/x"])
def test_a_home_that_cannot_be_written_is_one_sentence(
    who: pwd.struct_passwd, place: Path, name: str
) -> None:
    """What, where, and what to do; nothing is left behind."""
    said = acting_as(who, partial(refused, place / name, start))
    assert said.startswith(f"cannot write {place / name}")
    assert "; set FAASTRAIN_HOME to a folder that you may write to (" in said
    assert "\n" not in said
    assert processes.of_stack(place / name) == []
    assert not (place / "below").exists()


def test_what_another_user_made_in_a_home_is_named(who: pwd.struct_passwd, tmp_path: Path) -> None:
    """As after a first start as root."""
    with tempfile.TemporaryDirectory(prefix="ftg-mixed-") as folder:
        os.chown(folder, who.pw_uid, who.pw_gid)
        (Path(folder) / "logs").mkdir(mode=0o700)
        said = acting_as(who, partial(refused, Path(folder), start))
    assert said.startswith(f"cannot write {folder}/logs/supervisor.log; set FAASTRAIN_HOME")


@pytest.mark.parametrize("act", [status, down])
def test_a_home_that_cannot_be_read_is_one_sentence(
    who: pwd.struct_passwd, place: Path, act: Callable[[Path], object]
) -> None:
    (place / "private" / "supervisor.lock").touch()
    said = acting_as(who, partial(refused, place / "private", act))
    assert said.startswith(f"cannot {'read' if act is status else 'write'} {place / 'private'}")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (b"/tmp/\xff\xfe", "is not UTF-8"),
        (b"/tmp" + b"/" + b"/".join([b"y" * 200] * 18), "at most 3,500"),
        (b"/tmp/" + b"z" * 300, "File name too long"),
        (b"/proc/home", "No such file or directory"),
        (b"/dev/null", "File exists"),
    ],
)
def test_a_path_that_no_home_can_have_is_one_sentence(path: bytes, words: str) -> None:
    said = refused(Path(os.fsdecode(path)), start)
    assert words in said
    assert "set FAASTRAIN_HOME" in said


def test_a_link_that_leads_to_itself_and_a_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StackError, match="leads to itself; set FAASTRAIN_HOME"):
        home_of({"FAASTRAIN_HOME": str(tmp_path / "loop")})
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(StackError, match="the current folder is gone"):
        home_of({})


def remove(home: Path) -> None:
    """As `rm -rf` until nothing is left: the servers still write."""
    while home.exists():
        shutil.rmtree(home, ignore_errors=True)


def move(home: Path) -> None:
    home.rename(home.with_name("elsewhere"))


def remake(home: Path) -> None:
    remove(home)
    home.mkdir()


@pytest.mark.parametrize("act", [remove, move, remake])
def test_without_its_home_a_stack_ends(home: Path, act: Callable[[Path], None]) -> None:
    """All of its processes; a new one starts there as ever."""
    first = up(home, ENVIRONMENT)
    invoke(first, "function/echo")
    ours = processes.of_stack(home)
    act(home)
    _, alive = psutil.wait_procs(ours, timeout=30.0)
    assert alive == []
    assert status(home).state is None
    if act is move:
        log = (home.with_name("elsewhere") / "logs" / "supervisor.log").read_text()
        assert f"{home} was removed or moved, so its stack has ended" in log
    second = up(home, ENVIRONMENT)
    assert second.pid != first.pid
    assert invoke(second, "function/echo") == b"hi"


def test_a_new_stack_does_not_wait_for_the_one_that_lost_its_home(home: Path) -> None:
    """It ends what is left, and neither removes what is the other's."""
    up(home, ENVIRONMENT)
    remove(home)
    second = up(home, ENVIRONMENT)
    time.sleep(2.0)  # longer than a supervisor takes to look
    assert status(home).state == second
    assert invoke(second, "function/echo") == b"hi"


def test_down_ends_what_lost_its_home(tmp_path: Path) -> None:
    """And makes no folder for it."""
    home = tmp_path / "gone"
    process = subprocess.Popen(["sleep", "600"], env={STACK_VARIABLE: str(home)})  # noqa: S607
    assert down(home)
    assert processes.of_stack(home) == []
    assert not down(home)
    process.wait(5.0)
    assert not home.exists()


def test_a_process_whose_parent_does_not_care_counts_as_ended() -> None:
    """It is a zombie until its parent asks; nobody waits for that."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, time; child = subprocess.Popen(['sleep', '600']);"
            "print(child.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert processes.end([child], 30.0) == []
        assert child.status() == psutil.STATUS_ZOMBIE
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.communicate()
