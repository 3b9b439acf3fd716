"""Each argument of the public API: a wrong one is refused in a sentence that names it."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

import faastraingym
from faastraingym import BadInput, Client, Policy, evaluate, record_video, train
from faastraingym.client.importance import weigh
from faastraingym.client.specifications import Composed
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views import comparison
from faastraingym.events.views.groups import grouped
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import NOW, POLICY, RUN, SPEC
from tests.events.views.compared import report, spec

# For the required arguments before the one that is wrong.
FINE: dict[str, Any] = {
    "client": Client().aio,
    "composed": Composed({}, "", ""),
    "env": "CartPole-v1",
    "env_id": "CartPole-v1",
    "experiment": {"run": {}, "space": {}},
    "name": "a",
    "names": ["a"],
    "notice": print,
    "observation": 0,
    "path": "a.gif",
    "payload": POLICY,
    "policy": "a.npz",
    "show": print,
    "source": "a.npz",
    "spaces": None,
    "runs": ["a", "b"],
    "Comparison:report": comparison.build(
        grouped([report("a", spec(1), (1.0,)), report("b", spec(2), (2.0,))]), None, {}, weigh
    ),
    "report": build(RUN, fold([Recorded(1, NOW, RunRequested(run=RUN, spec=SPEC))]), [], NOW),
}
# These take anything, and refuse it in their own words: tested below, or in test_loggers.py.
OPEN = {
    ("train", "env"),
    ("Client.start", "env"),
    ("Client.start_experiment", "experiment"),
    ("Policy.predict", "observation"),
    ("Policy.predict", "state"),  # of recurrent policies, given back as it came
    ("Policy.predict", "episode_start"),
    ("Policy.predict", "action_masks"),
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function, and every method of every class but errors, by its name."""
    for name in faastraingym.__all__:
        found = getattr(faastraingym, name)
        if not isinstance(found, type):
            yield name, found
        elif not issubclass(found, Exception):
            for key, member in vars(found).items():
                function = getattr(member, "__func__", member)
                if inspect.isfunction(function) and (key[0] != "_" or key == "__init__"):
                    yield f"{name}.{key}".removesuffix(".__init__"), function


def arguments() -> Iterator[tuple[str, Callable[..., Any], str]]:
    for name, function in public():
        for parameter in inspect.signature(function).parameters.values():
            is_open = (name, parameter.name) in OPEN or parameter.kind is parameter.VAR_KEYWORD
            if not is_open and parameter.name not in ("self", "cls"):
                yield name, function, parameter.name


@pytest.mark.parametrize(
    ("name", "function", "argument"),
    [pytest.param(*each, id=f"{each[0]}:{each[2]}") for each in arguments()],
)
def test_a_wrong_argument_is_named(name: str, function: Callable[..., Any], argument: str) -> None:
    """With what was found, and what is allowed; before anything is done with it."""
    given: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == argument:
            given[argument] = ...
        elif parameter.name in ("self", "cls"):
            given[parameter.name] = None
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
            plays = parameter.name == "policy" and "." not in name
            found = FINE.get(f"{name}:{parameter.name}") or FINE[parameter.name]
            given[parameter.name] = Left() if plays else found
    with pytest.raises(BadInput) as refusal:
        function(**given)
    text = str(refusal.value)
    assert text.startswith(f"{name}: {argument}: found Ellipsis; allowed: "), text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: train("a", budget=1e5), "train: budget: found 100000.0; allowed: a whole number"),
        (lambda: train("a", budget=True), "budget: found True; allowed: a whole number, 1 or more"),
        (lambda: train("a", budget=-1), "budget: found -1; allowed: a whole number, 1 or more"),
        (lambda: train("a", target=float("nan")), "target: found nan; allowed: a finite number"),
        (lambda: train("a", target="high"), "target: found 'high'; allowed: a finite number or No"),
        (lambda: train("a", files="b\0"), "files: found 'b\\x00'; allowed: a text without NUL"),
        (lambda: train("a", progress=1), "train: progress: found 1; allowed: True or False"),
        (lambda: train("a", loggers="csv"), "allowed: a table, as {\"csv\": \"progress.csv\"}"),
        (lambda: train(), "train: missing a required argument: 'env'; it takes env, algorithm"),
        (lambda: Client(adress=""), "unexpected keyword argument 'adress'; it takes url, token"),
        (lambda: Client().runs("done"), "Client.runs: status: found 'done'; allowed: 'requested'"),
        (lambda: Client().runs(limit=0), "limit: found 0; allowed: a whole number, 1 or more"),
        (lambda: Client().run(""), "'' is no run's name"),
        (lambda: Client().start_experiment(3), "experiment: found 3; allowed: the path of a TOML"),
        (lambda: Client().start_experiment("a"), "found 'a'; allowed: the path of a TOML, YAML or"),
        (lambda: Client().start_experiment("a.toml"), "a.toml: no such file"),
        (lambda: Client().start_experiment({"run": {}}), "spec: has no table `space`, so it is no"),
        (lambda: Client().experiment("A b"), "'A b' is no run's name; a name is 1 to 63 of a-z"),
        (lambda: faastraingym.Run("a"), "allowed: an AsyncRun (Client().run(NAME) makes a Run)"),
        (lambda: evaluate(3, "b"), "policy: found 3; allowed: a Policy, as Run.policy() gives"),
        (lambda: evaluate("a.npz", "b"), "a.npz: cannot be read: No such file"),
        (lambda: evaluate("a", "b", seed=None, workers=2), "seed: found None; allowed with"),
        (lambda: evaluate(Left(), "b", workers=2), "Client.evaluate: policy: found <"),
        (lambda: Client().evaluate("a.npz", gymnasium.make("CartPole-v1")), "env: found <"),
        (lambda: record_video(Left(), "b", "a.gif", episodes=0), "episodes: found 0; allowed: a"),
        (lambda: evaluate(Left(), "CartPole-v1", seed=-1), "seed: found -1; allowed: a whole num"),
        (lambda: Policy.predict(None, 0, deterministic=3), "deterministic: found 3; allowed: Tru"),
        (lambda: train(gymnasium.make("CartPole-v1")), "build their own by the id 'CartPole-v1'"),
        (lambda: train("a", files=__file__), "no folder can be made or written in"),
        (lambda: train(""), "no environment '' is registered"),
        (lambda: train("CartPole-v1", "PPO"), "'PPO'; allowed: a2c, dqn, impala, ppo, sac; did"),
        (lambda: train(3), "int: is neither an environment's id nor its class"),
    ],
)  # fmt: skip
def test_what_is_said(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(BadInput) as refusal:
        call()
    assert said in str(refusal.value)


def test_no_password_is_repeated() -> None:
    with pytest.raises(BadInput) as refusal:
        train("a", client="https://admin:secret@gateway.example")  # type: ignore[arg-type]
    assert "found 'https://...@gateway.example'" in str(refusal.value)
    assert "allowed: a Client, as Client(url=...) or None" in str(refusal.value)


def test_numbers_of_numpy_are_numbers(client: Client) -> None:
    run = client.start("CartPole-v1", budget=np.int64(256), target=np.float32(20), seed=np.uint8(3))
    spec = run.report().spec
    sizes = {"hidden_sizes": np.array([8, 8]), "rollout": {"num_steps": np.int64(16)}}
    swept = client.start("CartPole-v1", **sizes).report().spec
    assert (swept["algorithm"]["hidden_sizes"], swept["rollout"]["num_steps"]) == ([8, 8], 16)
    assert (spec["stop"]["env_steps"], spec["stop"]["target"], spec["seed"]) == (256, 20.0, 3)


def test_a_warning_is_told_of_the_callers_line(client: Client) -> None:
    with pytest.warns(UserWarning, match="100,000 steps") as warned:
        client.start("MountainCar-v0")
    with pytest.warns(UserWarning, match="no results in runs") as more:
        train(SPEC, client=client, progress=False)  # whose results are not in the store
    assert {told.filename for told in [*warned, *more]} == {__file__}


class Left:
    """What acts."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: Any = 1
    ) -> tuple[Any, Any]:
        return 0, None
