"""From what a caller names to the specification of a run that measures a policy."""

from pathlib import Path

import pytest

from faastraingym import BadInput, Client, Policy
from faastraingym.client import evaluations
from faastraingym.client.evaluations import Asked, Source, composed, names, source, stem
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import NOW, POLICY, RUN, SPEC, records

TABLE = {"episodes": 1000, "stochastic": False, "record": 0}
OBJECT = {"bucket": "test", "key": "policies/a.msgpack", "size": 1, "sha256": "ab" * 32}


def a_policy() -> Policy:
    report = build(RUN, fold(records(RunRequested(run=RUN, spec=SPEC))), [], NOW)
    return Policy(POLICY, report, None)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("models/cartpole@champion", "models/cartpole@champion"),
        ("runs/small/12", "runs/small/12"),
        ("small", "runs/small"),
    ],
)
def test_a_name_is_the_stack_s(named: str, found: str) -> None:
    assert source(named) == Source(found)


def test_a_run_stands_for_its_policy(client: Client) -> None:
    assert source(client.run("small")) == source(client.aio.run("small")) == Source("runs/small")


def test_a_file_or_its_folder_is_this_machine_s(tmp_path: Path) -> None:
    a_policy().save(tmp_path / "policy.npz")
    for named in (tmp_path, str(tmp_path), tmp_path / "policy.npz"):
        found = source(named)
        assert found.name == str(named)
        assert found.policy is not None
        assert found.policy.report.run_id == RUN


def test_a_policy_in_memory_says_where_it_is_from() -> None:
    policy = a_policy()
    assert source(policy) == Source(f"runs/{RUN}/1", policy)


def test_what_is_no_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"evaluate: found 7; allowed: a Policy, a Run, "):
        source(7)
    with pytest.raises(BadInput, match=r"no-such\.npz: cannot be read"):
        source("no-such.npz")
    with pytest.raises(BadInput, match=r"has no policy\.npz"):
        source(tmp_path)


def test_what_is_not_named_is_as_the_policy_was_trained() -> None:
    made = composed(Source("runs/small"), "runs/small", None, 3, Asked())
    assert made.raw == {"evaluate": "runs/small", "seed": 3, "evaluation": TABLE}
    assert (made.origin, made.stem, made.source) == ("runs/small", "evaluation-small", None)


def test_another_environment_and_more_episodes() -> None:
    asked = Asked(episodes=50, workers=8, stochastic=True, record=5)
    made = composed(Source("models/a@b"), "models/a@b", "CartPole-v1", 0, asked)
    assert made.raw["environment"] == {"id": "CartPole-v1"}
    assert made.raw["evaluation"] == {
        "episodes": 50,
        "stochastic": True,
        "record": 5,
        "workers": 8,
    }
    assert made.stem == "evaluation-CartPole"


def test_code_of_one_s_own_is_packed(tmp_path: Path) -> None:
    file = tmp_path / "my_env.py"
    file.write_text("import gymnasium\n\nclass MyEnv(gymnasium.Env):\n    pass\n")
    made = composed(Source("runs/small"), "runs/small", f"{file}:MyEnv", 0, Asked())
    assert made.raw["environment"] == {"id": "my_env:MyEnv", "packages": []}
    assert made.source is not None
    assert made.stem == "evaluation-my_env"


def test_a_file_brings_what_it_was_trained_with() -> None:
    evaluate = {"policy": "policy.npz", "object": OBJECT}
    made = composed(Source("policy.npz", a_policy()), evaluate, None, 5, Asked(episodes=9))
    assert made.raw["evaluate"] == evaluate
    assert made.raw["environment"] == SPEC["environment"]
    assert made.raw["algorithm"] == SPEC["algorithm"]
    assert made.raw["stop"] == {"env_steps": 0}
    assert (made.raw["seed"], made.raw["evaluation"]) == (5, {**TABLE, "episodes": 9})


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("models/cartpole@champion", "cartpole@champion"),
        ("runs/small/12", "small-12"),
        ("runs/small/policy.npz", "small-policy"),
        ("ALE/Pong-v5", "ALE-Pong"),
    ],
)
def test_a_run_is_named_after_what_it_plays(name: str, short: str) -> None:
    assert stem(name) == short


def test_runs_that_belong_together_are_numbered() -> None:
    assert names("lander", 1) == ["lander"]
    assert names("lander", 3) == ["lander-1", "lander-2", "lander-3"]
    assert evaluations.EPISODES == 1000
