"""What the functions may have of memory, before a run asks for more."""

from collections.abc import Iterator
from pathlib import Path

from faastraingym.algorithms.limits import Limits
from faastraingym.client.checking import memory
from faastraingym.client.errors import StackTrouble
from faastraingym.client.gateway import FunctionState, LogLine, Resources

MIB = 1 << 20


class Gateway:
    def __init__(self, *told: tuple[str, str]) -> None:
        self.told = told

    def functions(self) -> list[FunctionState]:
        return [FunctionState(name=n, limits=Resources(memory=m)) for n, m in self.told]

    def logs(self, name: str, follow: bool, tail: int, since: str) -> Iterator[LogLine]:
        yield from ()


def of(gateway: Gateway | None, **environment: str) -> Limits:
    def found() -> Gateway:
        if gateway is None:
            raise StackTrouble("no stack runs")
        return gateway

    return memory(found, environment)


def test_a_stack_that_runs_tells_its_own() -> None:
    """Whatever the file says, and as far as it tells."""
    told = Gateway(("rollout", "700Mi"), ("update-policy", "3Gi"), ("evaluate", "1Mi"))
    assert of(told) == Limits(700 * MIB, 3072 * MIB)
    assert of(Gateway(("rollout", "a lot"))) == Limits()
    bare = Gateway()
    bare.functions = lambda: [FunctionState(name="rollout")]  # type: ignore[method-assign]
    assert of(bare) == Limits()


def test_without_one_the_file_tells(tmp_path: Path) -> None:
    """With the variables that a stack would be started with."""
    assert of(None) == Limits(512 * MIB, 2048 * MIB)
    assert of(None, FTG_LEARNER_MEMORY="4Gi") == Limits(512 * MIB, 4096 * MIB)
    assert of(None, FAASTRAIN_STACK=str(tmp_path / "none.yml")) == Limits()
