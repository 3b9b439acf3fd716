"""Work that does not end is told of, and ends its replica."""

import asyncio
import threading

import pytest

from faastraingym.events.ports import Unavailable
from faastraingym.functions.env_step import apart
from faastraingym.functions.env_step.apart import Apart
from faastraingym.schemas.answers import AnswerError


def failing() -> None:
    raise ValueError("of its own")


async def test_work_gives_what_it_gives() -> None:
    """All of it in one thread."""
    working = Apart()
    threads = {await working.do(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert await working.do(divmod, 7, 2) == (3, 1)
    with pytest.raises(ValueError, match="of its own"):
        await working.do(failing)


async def test_work_that_hangs_ends_the_replica_after_its_caller_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asks meanwhile is told to ask again."""
    monkeypatch.setattr(apart, "FAREWELL", 0.01)
    ended = asyncio.get_running_loop().create_future()
    working, over = Apart(0.01, ended.set_result), threading.Event()
    try:
        with pytest.raises(AnswerError, match=r"did not answer in 0\.01 s") as told:
            await working.do(over.wait)
        assert told.value.complaint.kind == "environment-failed"
        with pytest.raises(Unavailable, match="this replica ends"):
            await working.do(divmod, 7, 2)
        assert await ended == 1
    finally:
        over.set()
