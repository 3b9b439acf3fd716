"""What is refused of `algorithm.recurrent`: the path, what was found, what is allowed."""

from typing import Any

import pytest

from faastraingym.algorithms.registry import parse
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import to_dict


def raw(name: str, recurrent: dict[str, Any], **tables: Any) -> dict[str, Any]:
    algorithm = {"name": name, "recurrent": recurrent, **tables.pop("algorithm", {})}
    environment = {"id": "CartPole-v1", "num_envs": 6}
    stop = {"env_steps": 1000}
    return {"environment": environment, "algorithm": algorithm, "stop": stop, **tables}


def problems(given: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        parse(given)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("name", ["ppo", "a2c", "impala"])
def test_a_burn_in_leaves_something_to_learn_from(name: str) -> None:
    algorithm = {"num_minibatches": 1} if name == "ppo" else {}
    given = raw(name, {"burn_in": 128}, algorithm=algorithm)
    assert problems(given)[0] == (
        "spec.algorithm.recurrent.burn_in: found 128; allowed: less than rollout.num_steps, 128: "
        "the steps after it are learnt from"
    )
    parse(raw(name, {"burn_in": 127}, algorithm=algorithm))


def test_whole_episodes_need_no_burn_in() -> None:
    given = raw("ppo", {"burn_in": 2}, rollout={"horizon": "episodes"})
    assert problems({**given, "algorithm": {**given["algorithm"], "num_minibatches": 3}}) == [
        "spec.algorithm.recurrent.burn_in: found 2; allowed: 0, for whole episodes begin with a "
        "state of 0, which nothing has to renew"
    ]


@pytest.mark.parametrize("horizon", ["steps", "episodes"])
def test_minibatches_are_dealt_from_sequences(horizon: str) -> None:
    """Steps can be divided by 4, the 6 environments cannot."""
    given = raw("ppo", {}, rollout={"horizon": horizon}, algorithm={"num_minibatches": 4})
    assert problems(given) == [
        "spec.algorithm.num_minibatches: found 4; allowed: a divisor of the 6 sequences of an "
        "update (threshold x num_envs) of a recurrent policy"
    ]
    parse(raw("ppo", {}, rollout={"horizon": horizon}, algorithm={"num_minibatches": 3}))


def test_a_minibatch_of_one_sample_has_no_deviation() -> None:
    """Burn-in steps are no samples."""
    given = raw("ppo", {"burn_in": 7}, rollout={"num_steps": 8}, algorithm={"num_minibatches": 6})
    (problem,) = problems(given)
    assert "found 6, so 1 sample each; allowed: at least 2 of the 6 samples" in problem


@pytest.mark.parametrize(
    ("recurrent", "said"),
    [
        ({"cell": "rnn"}, "spec.algorithm.recurrent.cell: found 'rnn'; allowed: gru, lstm"),
        ({"size": 0}, "spec.algorithm.recurrent.size: found 0; allowed: an integer from 1 to 4096"),
        ({"sise": 9}, "spec.algorithm.recurrent.sise: unknown key"),
    ],
)
def test_single_values(recurrent: dict[str, Any], said: str) -> None:
    assert problems(raw("ppo", recurrent))[0].startswith(said)


def test_dqn_has_no_cell() -> None:
    assert problems(raw("dqn", {}))[0].startswith("spec.algorithm.recurrent: unknown key")


@pytest.mark.parametrize("name", ["ppo", "a2c", "impala"])
def test_a_specification_without_a_cell_keeps_its_bytes(name: str) -> None:
    given = raw(name, {})
    del given["algorithm"]["recurrent"]
    assert "recurrent" not in to_dict(parse(given))["algorithm"]
