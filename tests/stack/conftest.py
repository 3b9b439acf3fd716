"""Two stacks for all tests of this folder: one with four rollout replicas at most, one with one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.outage import programs
from tests.stack.support import Gate, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack that stays in order."""
    yield from _running(tmp_path_factory.mktemp("four"), compiled, "4")


@pytest.fixture(scope="session")
def battered(
    tmp_path_factory: pytest.TempPathFactory, compiled: Path, away: Path
) -> Iterator[Stack]:
    """A stack whose processes are killed, and its servers kept away; one rollout at a time."""
    yield from _running(tmp_path_factory.mktemp("one"), compiled, "1", **programs(away))


@pytest.fixture(scope="session")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a file named as a server keeps it from starting."""
    return tmp_path_factory.mktemp("away")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate of one's own, closed."""
    return Gate(tmp_path / "gate")


@pytest.fixture
def own(tmp_path: Path, compiled: Path) -> Iterator[Stack]:
    """A stack of one's own, whose servers' data may be meddled with."""
    stack = Stack(tmp_path / "home", FTG_COMPILATION_CACHE=str(compiled))
    with stack.running():
        yield stack


def _running(home: Path, compiled: Path, rollouts: str, **more: str) -> Iterator[Stack]:
    stack = Stack(
        home,
        FTG_MAX_ROLLOUTS=rollouts,
        FTG_COMPILATION_CACHE=str(compiled),
        FAASTRAIN_ZERO_DURATION="4s",
        **more,
    )
    with stack.running():
        yield stack
