"""env-step by its contract: verbs, states, bounds and errors, in both kinds of bodies."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from faastraingym.adapters.http.callers import Callers
from faastraingym.adapters.http.rates import Rates
from faastraingym.adapters.http.wire import JSON, MSGPACK
from faastraingym.adapters.stage import manifests
from faastraingym.adapters.stage.policies import Policies
from faastraingym.algorithms import registry
from faastraingym.functions.env_step import handler, states
from faastraingym.functions.env_step.stepping import Stepping
from faastraingym.schemas import env_step as wire
from faastraingym.schemas import keys, payloads
from faastraingym.schemas.answers import STATUS
from faastraingym.schemas.arrays import pack, unpack
from tests.adapters.stage.test_stage import connected
from tests.client.facts import POLICY, RUN
from tests.fakes import InMemoryObjectStore
from tests.functions.test_act import SPEC

TOKENS = {"ann": b"ann-has-this-token", "bob": b"bob-has-another-one"}
CARTPOLE = {"env_id": "CartPole-v1"}


@pytest.fixture(autouse=True)
def function() -> Iterator[None]:
    """The function on fakes, as a replica has it that has just started."""
    connected(handler.handle)
    handler.handle._callers, handler.handle._rates = Callers(TOKENS), Rates(1e6)
    replaced()
    yield
    replaced()


def replaced() -> None:
    """Another replica takes over: it keeps nothing."""
    handler.STEPPING.warm = Stepping().warm


async def posted(verb: str, body: bytes, kind: str, caller: str = "ann") -> tuple[int, bytes]:
    headers = {
        ":path": f"/{verb}",
        "authorization": f"Bearer {TOKENS[caller].decode()}",
        "content-type": kind,
    }
    status, told, answer = await handler.handle(body, headers)
    assert told["content-type"] == kind
    return status, answer


async def by_json(verb: str, caller: str = "ann", /, **fields: Any) -> Any:
    _, answer = await posted(verb, json.dumps(fields).encode(), JSON, caller)
    return json.loads(answer)


async def by_msgpack(verb: str, caller: str = "ann", /, **fields: Any) -> Any:
    _, answer = await posted(verb, pack(fields), MSGPACK, caller)
    return unpack(answer)


@pytest.mark.parametrize("ask", [by_json, by_msgpack])
async def test_an_episode_over_http_is_the_local_one(ask: Any) -> None:
    """By lists as by arrays, and though every request has a replica of its own."""
    local = gymnasium.make("CartPole-v1")
    expected, _ = local.reset(seed=3)
    state = (await ask("make", **CARTPOLE))["state"]
    begun = await ask("reset", state=state, seed=3)
    assert np.asarray(begun["observations"], np.float32).tobytes() == expected.tobytes()
    ended, state = False, begun["state"]
    while not ended:
        replaced()
        expected, reward, terminated, truncated, _ = local.step(1)
        found = await ask("step", state=state, actions=[[1]])
        assert np.asarray(found["observations"], np.float32)[0, 0].tobytes() == expected.tobytes()
        assert np.asarray(found["rewards"]).tolist() == [[reward]]
        ended, state = terminated or truncated, found["state"]
        assert np.asarray(found["terminated"]).tolist() == [[terminated]]
        assert found["infos"] == [[{}]]
    assert await ask("close", state=state) == {}


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "CartPole-v1"])
async def test_a_step_is_the_same_whenever_it_is_taken(env_id: str) -> None:
    """Bit for bit: at the replica that has the environment, again there, and at another."""
    made = await by_msgpack("make", env_id=env_id, num_envs=3, vector=True)
    begun = await by_msgpack("reset", state=made["state"], seed=1)
    body = pack({"state": begun["state"], "actions": np.array([[0, 1, 0], [1, 0, 1]])})
    answers = [await posted("step", body, MSGPACK)]
    answers.append(await posted("step", body, MSGPACK))
    replaced()
    answers.append(await posted("step", body, MSGPACK))
    assert answers[0][0] == 200
    assert answers[1:] == answers[:1] * 2


async def test_what_is_made_is_described() -> None:
    made = await by_json("make", env_id="CartPole-v1", kwargs={"max_episode_steps": 7})
    assert made["action_space"] == {"kind": "Discrete", "n": 2, "start": 0, "dtype": "int64"}
    assert made["observation_space"]["low"][1] is None
    assert (made["max_episode_steps"], made["metadata"]["render_fps"]) == (7, 50)


async def test_a_frame_is_shown() -> None:
    made = await by_msgpack("make", **CARTPOLE, kwargs={"render_mode": "rgb_array"})
    begun = await by_msgpack("reset", state=made["state"], seed=1)
    shown = await by_msgpack("render", state=begun["state"])
    assert shown["frame"].shape == (400, 600, 3)
    assert shown["frame"].std() > 0


REFUSED: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("make", {"env_id": "CartPole-v9"}, "bad-request", "env_id", "no environment 'CartPole-v9'"),
    ("make", {"env_id": "gymnax/CartPole-v1"}, "bad-request", "env_id", "'gymnax/CartPole-v1'"),
    ("make", {"env_id": "os:system"}, "bad-request", "env_id", "has the module os"),
    (
        "make",
        CARTPOLE | {"num_envs": 0},
        "bad-request",
        "num_envs",
        "num_envs: Expected `int` >= 1",
    ),
    ("make", CARTPOLE | {"num_envs": 1025}, "bad-request", "num_envs", "<= 1024"),
    ("make", CARTPOLE | {"more": 1}, "bad-request", "", "unknown field `more`"),
    ("make", CARTPOLE | {"kwargs": {"gravity": 1}}, "bad-request", "kwargs", "gravity"),
    (
        "make",
        CARTPOLE | {"kwargs": {"render_mode": "human"}},
        "bad-request",
        "kwargs.render_mode",
        'allowed: "rgb_array", or none',
    ),
    (
        "make",
        CARTPOLE | {"kwargs": {"num_envs": 3}},
        "bad-request",
        "kwargs.num_envs",
        "may not be set; it is num_envs",
    ),
    (
        "make",
        CARTPOLE | {"wrappers": [{"name": "TimeLimits"}]},
        "bad-request",
        "wrappers[0].name",
        "TimeLimit",
    ),
    ("step", {"actions": [[0]]}, "bad-request", "state", "environment 0 was not reset"),
    ("reset", {"mask": [True, False]}, "bad-request", "mask", "allowed: 1 booleans"),
    ("reset", {"mask": [False]}, "bad-request", "mask", "one of them true"),
    ("reset", {"seed": -1}, "bad-request", "seed", "seed: Expected `int` >= 0"),
    ("render", {}, "bad-request", "state", "environment 0 was not reset"),
]


@pytest.mark.parametrize(("verb", "fields", "kind", "path", "words"), REFUSED)
async def test_a_bad_request_names_its_field(
    verb: str, fields: dict[str, Any], kind: str, path: str, words: str
) -> None:
    if verb != "make":
        fields = fields | {"state": (await by_json("make", **CARTPOLE))["state"]}
    status, answer = await posted(verb, json.dumps(fields).encode(), JSON)
    told = json.loads(answer)["error"]
    assert (told["kind"], told["path"], status) == (kind, path, STATUS[told["kind"]])
    assert words in told["text"]


@pytest.mark.parametrize(
    ("env_id", "actions", "words"),
    [
        ("CartPole-v1", [0], "actions: found int64 [1]; allowed: [T, 1] of Discrete(2)"),
        ("CartPole-v1", [[0, 1]], "allowed: [T, 1] of Discrete(2)"),
        ("CartPole-v1", [[2]], "actions: found 2; allowed: Discrete(2)"),
        ("CartPole-v1", [[0.5]], "found float64"),
        ("CartPole-v1", [["left"]], "found <U4"),
        ("CartPole-v1", [[0], [1, 0]], "found [[0], [1, 0]]"),
        ("CartPole-v1", [], "allowed: [T, 1]"),
        ("CartPole-v1", np.empty((0, 1), np.int64), "found no steps; allowed: T >= 1"),
        ("CartPole-v1", {"left": 1}, "found {'left': 1}"),
        ("CartPole-v1", None, "found None"),
        ("Pendulum-v1", [[[2**70]]], "allowed: [T, 1, 1] of Box"),
        ("Pendulum-v1", np.full((1, 1, 1), np.nan), "found NaN or an infinity"),
        ("Pendulum-v1", np.full((1, 1, 1), -np.inf), "found NaN or an infinity"),
        ("Pendulum-v1", np.full((1, 1, 1), 1e300), "found NaN or an infinity"),  # as float32
    ],
)
async def test_actions_that_are_none_are_refused_and_change_nothing(
    env_id: str, actions: Any, words: str
) -> None:
    made = await by_msgpack("make", env_id=env_id)
    state = (await by_msgpack("reset", state=made["state"], seed=0))["state"]
    ask = by_msgpack if isinstance(actions, np.ndarray) else by_json
    told = (await ask("step", state=state, actions=actions))["error"]
    assert told["kind"] == "bad-request"
    assert words in told["text"]
    good = np.zeros((1, 1, *((1,) if env_id == "Pendulum-v1" else ())), np.int64)
    assert "rewards" in await by_msgpack("step", state=state, actions=good)


@pytest.mark.parametrize("where", ["kwargs", "wrappers"])
async def test_arguments_are_plain_data(where: str) -> None:
    odd: Any = {"desc": np.zeros(3)}
    more = odd if where == "kwargs" else [{"name": "TimeLimit", "kwargs": odd}]
    told = await by_msgpack("make", env_id="FrozenLake-v1", **{where: more})
    assert told["error"]["text"] == "kwargs: found what JSON has not; allowed: plain data"


async def test_a_state_is_its_callers_alone() -> None:
    state = (await by_json("make", **CARTPOLE))["state"]
    told = await by_json("reset", "bob", state=state)
    assert told["error"]["kind"] == "forbidden"
    assert "observations" in await by_json("reset", state=state)


async def test_actions_of_another_environments_state_are_refused() -> None:
    state = (await by_json("make", env_id="Pendulum-v1"))["state"]
    state = (await by_json("reset", state=state))["state"]
    told = await by_json("step", state=state, actions=[[1]])
    assert told["error"]["path"] == "actions"


async def test_ten_megabytes_of_actions_are_not_even_decoded() -> None:
    status, answer = await posted("step", b"[" * 10_000_000, JSON)
    assert status == 413
    assert json.loads(answer)["error"]["kind"] == "too-large"


async def test_the_environments_that_are_kept_are_closed_with_close() -> None:
    state = (await by_json("make", **CARTPOLE))["state"]
    assert len(handler.STEPPING.warm) == 1
    await by_json("close", state=state)
    assert len(handler.STEPPING.warm) == 0
    assert "observations" in await by_json("reset", state=state)


async def test_what_an_environment_is_asked_is_described() -> None:
    """The document's schemas take what the examples send, and its answers."""
    _, _, body = await handler.handle(b"", {":path": "/", ":method": "GET"})
    document = json.loads(body)
    assert {*document["paths"]} == {f"/function/conclude-run/{verb}" for verb in wire.Verb.__args__}
    schemas = document["components"]

    def valid(name: str, value: Any) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": schemas}
        Draft202012Validator(schema).validate(value)

    valid("Make", CARTPOLE)
    made = await by_json("make", **CARTPOLE)
    valid("Made", made)
    valid("Begun", await by_json("reset", state=made["state"]))
    valid("Failure", await by_json("step", state=made["state"], actions=[[1]]))


@pytest.fixture
async def stored(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a run's policy, that the function has in its store."""
    store = InMemoryObjectStore()
    connections: Any = handler.handle._connections
    services = connections.services._replace(objects=store, bucket=store)
    handler.handle._connections = connections._replace(services=services)
    monkeypatch.setattr(handler, "POLICIES", Policies())
    store.data[keys.manifest(RUN)] = manifests.dump(RUN, registry.parse(SPEC))
    store.data[keys.policy(RUN, 1)] = payloads.dump(POLICY)
    return f"runs/{RUN}/1"


async def test_a_policy_takes_the_steps(stored: str) -> None:
    """The answer of a step by its actions, with these and the policy's name; at any replica."""
    made = await by_msgpack("make", **CARTPOLE, num_envs=3, vector=True)
    begun = await by_msgpack("reset", state=made["state"], seed=1)
    asked = {"state": begun["state"], "policy": stored, "steps": 50, "want": ["log_probs"]}
    status, answer = await posted("step", pack(asked), MSGPACK)
    replaced()
    assert (status, answer) == await posted("step", pack(asked), MSGPACK)
    found = unpack(answer)
    assert (found.pop("policy"), found.pop("log_probs").shape) == (stored, (50, 3))
    assert found.pop("sha256") == hashlib.sha256(payloads.dump(POLICY)).hexdigest()
    actions = found.pop("actions")
    stepped = await posted("step", pack({"state": begun["state"], "actions": actions}), MSGPACK)
    assert stepped[1] == pack(found)
    by_lists = await by_json(
        "step", **asked | {"policy": f"runs/{RUN}", "episodes": 1, "steps": None}
    )
    assert by_lists["policy"] == stored


@pytest.mark.parametrize(
    ("fields", "kind", "path", "words"),
    [
        ({"policy": "cartpole"}, "bad-request", "policy", "names no policy"),
        ({"policy": f"runs/{RUN}/2"}, "not-found", "policy", "is not stored"),
        ({"steps": 0}, "bad-request", "steps", "steps: Expected `int` >= 1"),
        ({"steps": 10**5}, "too-large", "steps", "3 environments"),
        ({"policy": None, "actions": [[0, 0, 0]]}, "bad-request", "steps", "without a policy"),
        (
            {"policy": None, "steps": None, "actions": [[0, 0, 0]], "deterministic": False},
            "bad-request",
            "deterministic",
            "without a policy",
        ),
        (
            {"policy": None, "steps": None, "actions": [[0, 0, 0]], "want": ["values"]},
            "bad-request",
            "want",
            "without a policy",
        ),
    ],
)
async def test_a_policy_that_cannot_act_is_refused(
    stored: str, fields: dict[str, Any], kind: str, path: str, words: str
) -> None:
    made = await by_msgpack("make", **CARTPOLE, num_envs=3, vector=True)
    begun = await by_msgpack("reset", state=made["state"], seed=1)
    asked = {"state": begun["state"], "policy": stored, "steps": 5}
    told = (await by_json("step", **asked | fields))["error"]
    assert (told["kind"], told["path"]) == (kind, path)
    assert words in told["text"]
    assert "actions" in await by_json("step", **asked)


async def test_a_large_state_is_an_object_and_any_replica_reads_it(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FrozenLake's actions are repeated; the token is short, and the answer is as ever."""
    made = await by_msgpack("make", env_id="FrozenLake-v1", num_envs=4, vector=True)
    begun = await by_msgpack("reset", state=made["state"], seed=1)
    asked = {"state": begun["state"], "actions": np.ones((30, 4), np.int64)}
    inside = await by_msgpack("step", **asked)
    monkeypatch.setattr(states, "MOST_INSIDE", 200)
    found = await by_msgpack("step", **asked)
    assert len(found["state"]) < 200 < len(inside["state"])
    last = []
    for state in (found["state"], inside["state"]):
        replaced()
        last.append(await by_msgpack("step", state=state, actions=np.full((5, 4), 2)))
    assert pack(last[0]) == pack(last[1])
    told = await by_msgpack("step", "bob", state=found["state"], actions=np.full((5, 4), 2))
    assert told["error"]["kind"] == "forbidden"
