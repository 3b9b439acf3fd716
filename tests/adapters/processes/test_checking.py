"""Checks of environments, apart: what foreign code does is told in a sentence, and ends with it."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from faastraingym.adapters.errors import SettingsError, Unavailable
from faastraingym.adapters.processes import checking
from faastraingym.adapters.processes.checking import Bounds, Checker, bounds_of, place
from faastraingym.algorithms.actors.evaluation_pieces import divided
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import RunSpec, to_dict
from tests.adapters.odd_environments import NAME
from tests.checkout import CHECKOUT

# A check that ends by itself may take as long as a busy machine needs: if it waited for its bound,
# pytest would end the test. One that never ends is given little.
BOUNDS = Bounds(memory_mb=384, seconds=3600.0)
MODULE = {"FTG_ENVIRONMENTS": "tests.adapters.odd_environments", "PYTHONPATH": str(CHECKOUT)}


def raw(env_id: str = NAME, seed: int = 0, **kwargs: Any) -> dict[str, Any]:
    environment = {"id": env_id, "num_envs": 1, "kwargs": kwargs}
    algorithm = {"name": "ppo", "num_minibatches": 1}
    stop = {"env_steps": 1000}
    return {"seed": seed, "environment": environment, "algorithm": algorithm, "stop": stop}


def spec(env_id: str = NAME, **kwargs: Any) -> RunSpec:
    return parse(raw(env_id, **kwargs))


def checker_of(environment: Mapping[str, str], bounds: Bounds = BOUNDS) -> Checker:
    return Checker({"PATH": os.environ["PATH"], **environment}, bounds)


async def stood(
    check: Callable[[Checker], Awaitable[object]],
    place: str,
    environment: Mapping[str, str] | None = None,
) -> str:
    """The problem of a check that never ends, by the first bound that it reaches `place` in."""
    for seconds in (1, 2, 4, 8, 16, 32, 64):  # a busy machine needs more
        made = checker_of(environment or {}, BOUNDS._replace(seconds=float(seconds)))
        with pytest.raises(SpecificationError) as refusal:
            await check(made)
        await made.close()
        (problem,) = refusal.value.problems
        assert f"was not built, reset and stepped within {seconds} s" in problem
        if f": it stood in {place}" in problem:
            break
    return problem


async def problems(checker: Checker, asked: RunSpec) -> list[str]:
    try:
        await checker.check(to_dict(asked))
    except SpecificationError as refusal:
        return list(refusal.problems)
    return []


@pytest.fixture
async def checker() -> AsyncIterator[Checker]:
    made = checker_of(MODULE)
    yield made
    await made.close()


async def test_a_sound_environment_passes_and_is_remembered(checker: Checker) -> None:
    """Once in a process of its own; afterwards without one."""
    assert (await checker.choose(raw("CartPole-v1"))).spec == divided(parse(raw("CartPole-v1")))
    completed = (await checker.choose(raw("Acrobot-v1"))).spec
    assert completed.evaluation.pieces == 5  # whoever asks knows no environment
    assert await problems(checker, spec(how="nothing")) == []
    await checker.close()
    assert await problems(checker, spec(how="nothing")) == []


async def test_problems_are_those_that_the_library_names(checker: Checker) -> None:
    """Of the schema, and of an environment that is not there."""
    with pytest.raises(SpecificationError, match=r"no environment 'CartPol-v1' is registered; did"):
        await checker.choose(raw("CartPol-v1"))
    with pytest.raises(SpecificationError, match=r"spec\.seed"):
        await checker.choose(raw(seed=-1))


ENDS = [
    ("os._exit", r"ended its process \(exit code 7\) while it was built, reset and stepped"),
    ("close everything", r"ended its process \(exit code 1\) while it was built"),
    ("complain", r"ended its process \(signal SIGABRT\) while .*; the last that it wrote: "),
    ("segfault", r"ended its process \(signal SIGSEGV\)"),
    ("SIGKILL", r"ended its process \(signal SIGKILL, or wanted more than 384 MB\)"),
    ("sys.exit", r"could not be built: SystemExit: no licence"),
    ("KeyboardInterrupt", r"could not be built: KeyboardInterrupt"),
    ("allocate", r"could not be built: MemoryError: Unable to allocate .*a check may use 384 MB"),
    ("allocate in Python", r"could not be built: MemoryError.*a check may use 384 MB"),
    ("read stdin", r"could not be built: EOFError"),
]


@pytest.mark.parametrize(("how", "words"), ENDS, ids=[how for how, _ in ENDS])
async def test_how_an_environment_ends_is_told_in_a_sentence(
    checker: Checker, how: str, words: str
) -> None:
    """With the field that chose it; the next check goes on as ever."""
    (problem,) = await problems(checker, spec(how=how))
    assert re.search(words, problem), problem
    assert problem.startswith("spec.environment.")
    assert "\n" not in problem
    assert await problems(checker, spec(how="nothing")) == []


@pytest.mark.parametrize(("how", "function"), [("hang", "hang"), ("hang, deaf", "hang_deaf")])
async def test_one_that_never_ends_is_told_with_its_place(how: str, function: str) -> None:
    asked = to_dict(spec(how=how))
    problem = await stood(lambda checker: checker.check(asked), f"{function} (", MODULE)
    assert re.search(rf": it stood in {function} \(.*odd_environments.py, line \d+\)$", problem)


@pytest.mark.parametrize("how", ["flood", "interrupt"])
async def test_what_harms_nobody_is_allowed(checker: Checker, how: str) -> None:
    """100 MB of output, and a signal that a terminal would send."""
    assert await problems(checker, spec(how=how)) == []


async def test_children_go_with_the_check(checker: Checker, tmp_path: Path) -> None:
    """Those that were forked, and those that were started."""
    told = tmp_path / "group"
    assert await problems(checker, spec(how="leave children", file=str(told))) == []
    group = int(told.read_text().split()[0])
    left = [p for p in psutil.process_iter() if _group(p) == group]
    psutil.wait_procs(left, timeout=10.0)
    assert [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


def _group(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return -1


async def test_a_check_that_kills_its_guard_is_told_so(checker: Checker) -> None:
    """The others go on as ever."""
    with pytest.raises(Unavailable, match="was killed; try again"):
        await problems(checker, spec(how="kill the one that forked it"))
    assert await problems(checker, spec(how="nothing")) == []


async def test_a_server_that_does_not_start_is_no_killed_one(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its own time, so a busy machine takes none of a check's."""
    monkeypatch.setattr(checking, "STARTING", 0.0)
    with pytest.raises(Unavailable, match="does not answer, as on a machine that is very busy"):
        await problems(checker, spec(how="nothing"))
    monkeypatch.undo()
    assert await problems(checker, spec(how="nothing")) == []


async def test_a_killed_server_is_started_anew(checker: Checker) -> None:
    """By whoever asks next; nothing is left of it."""
    await checker.start()
    killed = checker._process
    assert killed is not None
    killed.kill()
    assert await problems(checker, spec(how="nothing")) == []
    assert checker._process is not killed


async def test_the_end_of_the_server_is_that_of_its_checks(tmp_path: Path) -> None:
    """Long before they are late."""
    made, told = checker_of(MODULE), tmp_path / "group"
    hanging = asyncio.create_task(problems(made, spec(how="hang", file=str(told))))
    while not (told.exists() and told.read_text()):  # noqa: ASYNC110  another process writes
        await asyncio.sleep(0.05)
    group = int(told.read_text().split()[0])
    await made.close()
    left = [p for p in psutil.process_iter() if _group(p) == group]
    psutil.wait_procs(left, timeout=10.0)
    assert [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    await asyncio.gather(hanging, return_exceptions=True)


async def test_hanging_checks_keep_nobody_waiting() -> None:
    """Seven hang; the eighth is done before the first of them ends."""
    made = checker_of(MODULE)
    try:
        hanging = [
            asyncio.create_task(problems(made, spec(how="hang", seed=seed))) for seed in range(7)
        ]
        await asyncio.sleep(0)
        assert await problems(made, spec("CartPole-v1")) == []
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
    finally:
        await made.close()


async def test_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait."""
    monkeypatch.setattr(checking, "AT_ONCE", 1)
    made = checker_of(MODULE, BOUNDS._replace(seconds=0.5))
    try:
        hanging = [asyncio.create_task(problems(made, spec(how="hang", seed=s))) for s in range(3)]
        done, _ = await asyncio.wait(hanging, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        assert all("within 0.5 s" in problem for (problem,) in await asyncio.gather(*hanging))
    finally:
        await made.close()


MISTAKES = [
    ("def broken(:", "SyntaxError"),
    ("import sys\nsys.exit('no licence')", "SystemExit: no licence"),
    ("undefined", "NameError"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
async def test_modules_that_cannot_be_imported_are_the_operator_s(
    tmp_path: Path, text: str, words: str
) -> None:
    """Not the specification's."""
    (tmp_path / "mistaken.py").write_text(text)
    made = checker_of({"FTG_ENVIRONMENTS": "mistaken", "PYTHONPATH": str(tmp_path)})
    try:
        with pytest.raises(SettingsError, match=f"FTG_ENVIRONMENTS names mistaken.*{words}"):
            await problems(made, spec("CartPole-v1"))
    finally:
        await made.close()


async def test_who_stops_waiting_leaves_nothing(checker: Checker, tmp_path: Path) -> None:
    """As at Ctrl-C."""
    told = tmp_path / "group"
    task = asyncio.create_task(problems(checker, spec(how="hang", file=str(told))))
    while not (told.exists() and told.read_text()):  # noqa: ASYNC110  another process writes
        await asyncio.sleep(0.02)
    process = psutil.Process(int(told.read_text()))
    task.cancel()
    await checker.close()
    psutil.wait_procs([process], timeout=10.0)
    assert not process.is_running()


@pytest.mark.parametrize(("told", "memory"), [("", 384), ("1Gi", 896), ("64Mi", 128)])
def test_memory_is_below_the_function_s(told: str, memory: int) -> None:
    assert bounds_of({"FTG_MEMORY_LIMIT": told}).memory_mb == memory


def test_the_place_is_the_user_s() -> None:
    """The innermost line of neither the standard library nor ours."""
    dump = f"""noise
  File "/not/this.py", line 1 in f
Timeout (0:00:30)!
Thread 0x1 (most recent call first):
  File "{os.__file__}", line 9 in read
  File "/home/u/my_env.py", line 12 in connect
  File "{CHECKOUT}/faastraingym/algorithms/environments/space_info.py", line 60 in make
"""
    assert place(dump) == ": it stood in connect (/home/u/my_env.py, line 12)"
    assert place("") == ""
    imported = dump.replace(" in connect", " in <module>")
    assert place(imported) == (
        ": it stood in <module> (/home/u/my_env.py, line 12); functions import the file, so what "
        'it runs itself, as `train`, belongs below `if __name__ == "__main__":`'
    )


def test_start_run_imports_no_environments() -> None:
    """The check does, in its own process."""
    import subprocess

    program = "import sys, faastraingym.functions.start_run.handler; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT
    )
    assert {"gymnasium", "numpy"}.isdisjoint(ran.stdout.split())
