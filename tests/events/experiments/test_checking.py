"""An experiment is asked for with what the names in its base run stand for."""

from typing import Any

import pytest

from faastraingym.adapters.processes.checking import Checked
from faastraingym.algorithms.registry import parse
from faastraingym.events.experiments.checking import checked, with_base
from faastraingym.schemas.errors import SpecificationError

BASE: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "dqn"},
    "stop": {"env_steps": 100},
}
SPACE = {"algorithm.gamma": {"kind": "choice", "values": [0.9, 0.99]}}
PINNED = {"model": "models/cartpole@champion", "version": 3, "sha256": "a" * 64}


def experiment(**changes: Any) -> dict[str, Any]:
    return {"run": {**BASE, **changes}, "space": SPACE, "seeds": [1]}


async def test_all_runs_begin_with_the_policy_that_a_name_stood_for() -> None:
    """An alias may move between the first trial and the last."""

    async def check(raw: dict[str, Any]) -> Checked:
        return Checked(parse(raw | {"init_from": PINNED}))

    found = await checked("x", experiment(init_from=PINNED["model"]), check)
    assert found == experiment(init_from=PINNED)


async def test_what_is_wrong_with_the_policy_is_told_by_its_path() -> None:
    async def check(raw: dict[str, Any]) -> Checked:
        raise SpecificationError(["spec.init_from: there is no model 'nobody'"])

    with pytest.raises(SpecificationError) as refusal:
        await checked("x", experiment(init_from="models/nobody"), check)
    assert refusal.value.problems == ["spec.run.init_from: there is no model 'nobody'"]


def test_names_alone_are_replaced() -> None:
    """A dataset has its digest, a package's environment its packages; settings stay as written."""
    dataset = {"minari": "cartpole/dqn-v0"}
    pinned = {**dataset, "sha256": "b" * 64, "entries": 9}
    algorithm = {"name": "dqn", "init_from": dataset}
    completed = {
        **BASE,
        "environment": {"id": "CartPole-v1", "num_envs": 8},
        "algorithm": {"name": "dqn", "gamma": 0.99, "init_from": pinned},
    }
    told = with_base(experiment(algorithm=algorithm), completed)
    assert told == experiment(algorithm={"name": "dqn", "init_from": pinned})
    packaged = {"id": "mine:Env", "packages": ["mine@" + "c" * 64]}
    own = with_base(experiment(), {**completed, "environment": packaged})
    assert own == experiment(environment=packaged)
