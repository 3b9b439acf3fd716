"""Replicas that are real processes."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from faastraingym.embedded.contract.messages import LogLine, LogQuery, Secret
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.cgroups import Groups, of_home, sweep
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.support import deployment, groups_of, launch, post, replicas

BOUNDED = pytest.mark.skipif(
    of_home(Path("/")) is None,
    reason="no control group with the memory controller can be made here",
)


async def test_the_first_request_starts_a_replica_and_idleness_ends_it(
    provider: ProcessProvider,
) -> None:
    """From zero to one and back to zero."""
    await provider.deploy(deployment("echo", idle="200ms"))
    assert (await provider.function("echo")).replicas == 0
    answer = await provider.invoke("echo", post(b"\x00\xff", X_Mine="yes"))
    assert (answer.status, answer.body) == (200, b"\x00\xff")
    heard = json.loads(dict(answer.headers)["x-heard"])
    assert heard["x-mine"] == "yes"
    await replicas(provider, "echo", 0)


async def test_demand_adds_replicas_up_to_the_maximum(provider: ProcessProvider) -> None:
    """Six slow requests, three replicas; all are answered."""
    await provider.deploy(deployment("slow", high=3, variables={"max_inflight": "1"}))
    answers = await asyncio.gather(*(provider.invoke("slow", post(b"0.3")) for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 3


async def test_requests_in_the_same_order_meet_the_same_replicas(
    provider: ProcessProvider,
) -> None:
    """Whichever of the two ended last before: a replica may keep what its next request needs."""
    await provider.deploy(deployment("slow", low=2, high=2, variables={"max_inflight": "1"}))
    await replicas(provider, "slow", 2)
    found = set()
    for first, second in ((b"0.3", b"0.1"), (b"0.1", b"0.3"), (b"0.2", b"0.1")):
        both = (provider.invoke("slow", post(body)) for body in (first, second))
        found.add(tuple(answer.body for answer in await asyncio.gather(*both)))
    ((one, other),) = found
    assert one != other


async def test_slots_are_filled_before_replicas_are_added(provider: ProcessProvider) -> None:
    """Four requests in flight fit one replica of four slots; the warm one serves again."""
    await provider.deploy(deployment("slow", high=3, variables={"max_inflight": "4"}))
    answers = await asyncio.gather(*(provider.invoke("slow", post(b"0.1")) for _ in range(4)))
    assert len({answer.body for answer in answers}) == 1
    again = await provider.invoke("slow", post(b"0"))
    assert again.body == answers[0].body


async def test_the_minimum_runs_without_a_request(provider: ProcessProvider) -> None:
    """Started at deployment."""
    await provider.deploy(deployment("echo", low=2, high=2))
    await replicas(provider, "echo", 2)


async def test_over_exec_timeout_the_replica_is_killed(provider: ProcessProvider) -> None:
    """504 that says so; the next request gets a new replica."""
    await provider.deploy(deployment("slow", variables={"exec_timeout": "300ms"}))
    with pytest.raises(ProviderError, match=r"exec_timeout=0\.3s") as caught:
        await provider.invoke("slow", post(b"30"))
    assert caught.value.status == 504
    assert (await provider.invoke("slow", post(b"0"))).status == 200


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        pytest.param(of_home, "it wanted more memory", marks=BOUNDED),
        (lambda _: None, r"it used [1-3]\d\d MiB of memory"),
    ],
)
async def test_over_the_memory_limit_the_replica_is_killed(
    tmp_path: Path, bounds: Callable[[Path], Groups | None], words: str
) -> None:
    """502 that names the limit, whether Linux keeps it or a look each second; nothing is left."""
    provider = ProcessProvider(launch(tmp_path), bounds=bounds)
    await provider.start()
    try:
        await provider.deploy(deployment("hog", memory="100Mi"))
        told = f"{words}, its limit is 100 MiB; raise limits.memory in stack.yml"
        with pytest.raises(ProviderError, match=told) as caught:
            await provider.invoke("hog", post(b"300"))
        assert caught.value.status == 502
    finally:
        await provider.close()
    assert groups_of(tmp_path) == []


@BOUNDED
def test_what_a_killed_provider_has_left_goes_when_one_starts(tmp_path: Path) -> None:
    """A group, and a process in it that outlived its replica."""
    groups = of_home(tmp_path)
    assert groups is not None
    group = groups.make("orphan-1f2e", 64 << 20)
    assert group is not None
    child = subprocess.Popen(["/bin/sleep", "60"], preexec_fn=group.join)
    assert group.processes() == [child.pid]
    sweep(tmp_path)
    assert child.wait(timeout=10.0) == -signal.SIGKILL
    sweep(tmp_path)
    assert groups_of(tmp_path) == []


async def test_a_crash_is_answered_with_the_traceback(provider: ProcessProvider) -> None:
    """502 with the last words, and how it ended on the line below."""
    await provider.deploy(deployment("crash"))
    with pytest.raises(ProviderError, match="ArithmeticError: the last words") as caught:
        await provider.invoke("crash", post())
    assert caught.value.status == 502
    last = caught.value.text.splitlines()[-1]
    assert last.endswith("ended its process (exit code 3) while it served a request")


async def test_a_handler_that_cannot_be_imported_is_answered_with_the_reason(
    provider: ProcessProvider,
) -> None:
    """Every waiting request learns it; nobody waits for a timeout."""
    await provider.deploy(deployment("broken"))
    calls = (provider.invoke("broken", post()) for _ in range(2))
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(error, ProviderError)
        assert "no module named nonsense" in error.text


async def test_a_replica_whose_socket_finds_no_place_is_told_and_tried_again(
    provider: ProcessProvider, tmp_path: Path
) -> None:
    """503, to come again, as of a full disk; the next request starts one."""
    await provider.deploy(deployment("echo"))
    sockets = tmp_path / "run"
    sockets.rename(tmp_path / "away")
    with pytest.raises(ProviderError, match="cannot start: No such file or directory") as caught:
        await provider.invoke("echo", post())
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    (tmp_path / "away").rename(sockets)
    assert (await provider.invoke("echo", post(b"here"))).status == 200


async def test_a_replica_sees_its_secrets_and_the_addresses_of_here(
    provider: ProcessProvider,
) -> None:
    """Files of mode 0600 in a folder of mode 0700; only those that it listed."""
    await provider.create_secret(Secret("mine", value="m"))
    await provider.create_secret(Secret("other", value="o"))
    await provider.deploy(
        deployment("dump", secrets=["mine"], variables={"FTG_NATS_URL": "nats://cluster:1"})
    )
    seen = json.loads((await provider.invoke("dump", post())).body)
    assert seen["secrets"] == {"mine": "m"}
    assert seen["modes"] == {"dump": 0o700, "mine": 0o600}
    assert seen["environment"]["FTG_NATS_URL"] == "nats://here:1"
    assert "PYTEST_CURRENT_TEST" not in seen["environment"]
    await provider.update_secret(Secret("mine", value="new"))
    assert json.loads((await provider.invoke("dump", post())).body)["secrets"] == {"mine": "new"}


async def test_an_unknown_secret_is_refused_at_deployment(provider: ProcessProvider) -> None:
    """400 that names it."""
    with pytest.raises(ProviderError, match="absent") as caught:
        await provider.deploy(deployment("echo", secrets=["absent"]))
    assert caught.value.status == 400


async def test_output_becomes_log_lines(provider: ProcessProvider, tmp_path: Path) -> None:
    """Both streams, with function and instance; in memory and in a file; followed."""
    await provider.deploy(deployment("chatter"))
    await provider.invoke("chatter", post(b"one\ntwo"))
    lines = await first(await provider.logs(LogQuery("chatter", follow=True)), 3)
    assert sorted(line.text for line in lines) == ["and aside", "one", "two"]
    assert {line.name for line in lines} == {"chatter"}
    assert {line.instance for line in lines} == {lines[0].instance}
    assert lines[0].instance.startswith("chatter-")
    following = asyncio.create_task(first(await provider.logs(LogQuery("chatter", "", 0, True)), 2))
    await provider.invoke("chatter", post(b"three"))
    assert {line.text for line in await following} == {"three", "and aside"}
    assert "two" in (tmp_path / "logs" / "functions" / "chatter.log").read_text()


async def test_a_redeployment_loses_no_request(provider: ProcessProvider) -> None:
    """What runs ends where it began; what comes is served by the new replica."""
    await provider.deploy(deployment("slow", variables={"max_inflight": "1"}))
    before = [asyncio.create_task(provider.invoke("slow", post(b"0.4"))) for _ in range(2)]
    await replicas(provider, "slow", 1)
    await asyncio.sleep(0.05)  # the first is in hand, the second waits
    await provider.update(deployment("slow", variables={"max_inflight": "1", "A": "1"}))
    first_one, second = await asyncio.gather(*before)
    assert (first_one.status, second.status) == (200, 200)
    assert first_one.body != second.body


async def test_sigterm_lets_a_request_finish_and_stops_the_handler(
    provider: ProcessProvider,
) -> None:
    """Scaled to zero in mid-request: it is answered, then `stop` runs."""
    await provider.deploy(deployment("lifecycle"))
    call = asyncio.create_task(provider.invoke("lifecycle", post(b"0.3")))
    await replicas(provider, "lifecycle", 1)
    await asyncio.sleep(0.05)
    await provider.scale("lifecycle", 0)
    assert (await call).body == b"finished"
    lines = await first(await provider.logs(LogQuery("lifecycle", follow=True)), 2)
    assert [line.text for line in lines] == ["started", "stopped"]


async def test_deployments_outlive_the_provider(tmp_path: Path) -> None:
    """A new provider on the same home serves what was deployed; its replicas are gone."""
    one = ProcessProvider(launch(tmp_path))
    await one.deploy(deployment("dump"))
    pid = json.loads((await one.invoke("dump", post())).body)["pid"]
    await one.close()
    assert not psutil.pid_exists(pid)
    two = ProcessProvider(launch(tmp_path))
    await two.start()
    assert (await two.invoke("dump", post())).status == 200
    await two.close()


async def test_a_deleted_function_is_unknown(provider: ProcessProvider) -> None:
    """404 for every question."""
    await provider.deploy(deployment("echo"))
    await provider.delete("echo")
    for question in (provider.function("echo"), provider.invoke("echo", post())):
        with pytest.raises(ProviderError) as caught:
            await question
        assert caught.value.status == 404


async def test_too_large_a_body_is_refused_by_the_replica(provider: ProcessProvider) -> None:
    """413 that names the variable."""
    await provider.deploy(deployment("echo", variables={"max_body_bytes": "10"}))
    answer = await provider.invoke("echo", post(b"x" * 11))
    assert answer.status == 413
    assert b"max_body_bytes=10" in answer.body


async def first(lines: AsyncIterator[LogLine], count: int) -> list[LogLine]:
    """The first lines, within a while."""
    found = []
    async with asyncio.timeout(10.0):
        async for line in lines:
            found.append(line)
            if len(found) == count:
                break
    return found
