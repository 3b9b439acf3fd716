"""act on fakes: which policy answers, also while an alias moves, and what is refused."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym import Policy
from faastraingym.adapters.http.callers import Callers
from faastraingym.adapters.http.rates import Rates
from faastraingym.adapters.stage import manifests, policies
from faastraingym.adapters.stage.answering import AnsweringStage
from faastraingym.adapters.stage.policies import Policies
from faastraingym.algorithms import registry
from faastraingym.algorithms.actor_critic.valuing import Critic
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Unavailable
from faastraingym.functions.act.handler import SMALL, answering
from faastraingym.schemas import keys, payloads
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.models import Named, Promotion
from faastraingym.schemas.references import ObjectRef
from tests.adapters.stage.test_stage import connected
from tests.client.facts import POLICY, RUN
from tests.client.test_policy import report_of
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.fakes import InMemoryObjectStore

TOKEN = "the-caller-has-this-token"
SPEC = {
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "algorithm": {"name": "ppo", "hidden_sizes": []},
    "stop": {"env_steps": 128},
}
SEEN = [[0.0, 0.0, 0.1, 0.0], [0.0, 0.0, -0.1, 0.0]]


def opposite() -> payloads.Policy:
    """Pushes to the other side."""
    arrays = {path: -array for path, array in POLICY.parameters.items()}
    return payloads.Policy(version=2, parameters=arrays)


class Store(InMemoryObjectStore):
    """Tells what was read, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.away = False

    async def _asks(self, key: str) -> None:
        self.asked.append(key)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("the store is away")

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        await self._asks(key)
        return await super().read(key, limit, etag)

    async def get(self, ref: ObjectRef) -> bytes:
        await self._asks(ref.key)
        return await super().get(ref)

    async def find(self, key: str) -> ObjectRef | None:
        await self._asks(key)
        return await super().find(key)


class Bench:
    """The function on fakes, and a clock that goes by hand."""

    def __init__(self) -> None:
        self.now, self.store = 100.0, Store()
        self.policies = Policies(lambda: self.now)
        self.stage: AnsweringStage = answering(self.policies)
        connected(self.stage)
        connections: Any = self.stage._connections
        services = connections.services._replace(objects=self.store, bucket=self.store)
        self.stage._connections = connections._replace(services=services)
        self.metered = services.facts.metered
        self.registry = Registry(self.store, self.store)
        self.stage._callers, self.stage._rates = Callers({"ann": TOKEN.encode()}), Rates(1e6)

    async def register(self, version: int, policy: payloads.Policy, **more: Any) -> None:
        kept = await self.registry.keep("cartpole", payloads.dump(policy))
        spaces = describe(registry.parse(SPEC)).values()
        record = {"version": version, "policy": kept, "spec": SPEC, "spaces": spaces} | more
        await self.registry.add(_replaced(A_VERSION, record))

    async def promote(self, number: int, version: int) -> None:
        await self.registry.add(_replaced(A_MOVE, {"number": number, "version": version}))

    async def run(self, versions: list[int]) -> None:
        spec = registry.parse(SPEC)
        self.store.data[keys.manifest(RUN)] = manifests.dump(RUN, spec)
        for version in versions:
            policy = payloads.Policy(version=version, parameters=POLICY.parameters)
            self.store.data[keys.policy(RUN, version)] = payloads.dump(policy)

    async def ask(self, policy: str, observations: Any = SEEN, **more: Any) -> tuple[int, Any]:
        body = json.dumps({"policy": policy, "observations": observations, **more}).encode()
        status, _, text = await self.stage(body, headers("json"))
        return status, json.loads(text)

    async def refused(self, policy: str, observations: Any = SEEN, **more: Any) -> tuple[str, str]:
        _, answer = await self.ask(policy, observations, **more)
        return answer["error"]["kind"], answer["error"]["text"]


def _replaced(record: Any, changes: dict[str, Any]) -> Any:
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return type(record)(**fields | changes)


def headers(kind: str) -> dict[str, str]:
    token = f"Bearer {TOKEN}"
    return {"authorization": token, "content-type": f"application/{kind}", ":path": "/"}


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.register(1, POLICY)
    await made.register(2, opposite())
    await made.promote(1, 1)
    return made


async def test_the_policy_that_a_name_stands_for_acts_and_is_named(bench: Bench) -> None:
    for name, version, actions in [
        ("models/cartpole@champion", 1, [1, 0]),
        ("models/cartpole/1", 1, [1, 0]),
        ("models/cartpole/2", 2, [0, 1]),
        ("models/cartpole", 2, [0, 1]),
    ]:
        status, answer = await bench.ask(name)
        found = await bench.registry.find(Named("cartpole", version=version))
        assert (status, answer) == (
            200,
            {
                "policy": f"models/cartpole/{version}",
                "sha256": found.policy.sha256,
                "actions": actions,
            },
        )
    assert [usage.policy for usage in bench.metered] == [
        f"models/cartpole/{version}" for version in (1, 1, 2, 2)
    ]
    assert {usage.run for usage in bench.metered} == {"none"}


async def test_json_and_msgpack_are_answered_alike_and_as_predict_answers(bench: Bench) -> None:
    seen = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
    asked = {"policy": "models/cartpole@champion", "want": ["log_probs"]}
    _, listed = await bench.ask(observations=seen.tolist(), **asked)
    body = pack(asked | {"observations": seen})
    status, told, packed = await bench.stage(body, headers("msgpack"))
    answer = unpack(packed)
    assert (status, told["content-type"]) == (200, "application/msgpack")
    assert answer["log_probs"].dtype == np.float32
    assert answer["log_probs"].tolist() == listed["log_probs"]
    assert answer["actions"].tolist() == listed["actions"]
    policy = Policy(POLICY, report_of(SPEC), describe(registry.parse(SPEC)))
    np.testing.assert_array_equal(policy.predict(seen)[0], answer["actions"])


async def test_the_largest_requests_are_answered_as_predict_answers(bench: Bench) -> None:
    """Of a policy that is large enough to be computed beside other requests."""
    spec = SPEC | {"algorithm": {"name": "ppo", "hidden_sizes": [256, 256]}}
    parsed, generator = registry.parse(spec), np.random.default_rng(2)
    arrays = {
        path: generator.normal(size=each.dimensions).astype(each.dtype)
        for path, each in registry.acting(parsed).policy_arrays(parsed, describe(parsed)).items()
    }
    large = payloads.Policy(version=3, parameters=arrays)
    await bench.register(3, large, spec=spec)
    seen = generator.normal(size=(4096, 4)).astype(np.float32)
    body = pack({"policy": "models/cartpole/3", "observations": seen})
    assert len(body) * len(payloads.dump(large)) > SMALL
    status, _, packed = await bench.stage(body, headers("msgpack"))
    policy = Policy(large, report_of(spec), describe(parsed))
    assert status == 200
    np.testing.assert_array_equal(unpack(packed)["actions"], policy.predict(seen)[0])


async def test_an_alias_is_followed_after_a_second_and_no_request_fails(bench: Bench) -> None:
    assert (await bench.ask("models/cartpole@champion"))[1]["policy"] == "models/cartpole/1"
    await bench.promote(2, 2)
    bench.now += 0.99
    assert (await bench.ask("models/cartpole@champion"))[1]["policy"] == "models/cartpole/1"
    bench.now += 0.01
    answers = await asyncio.gather(*[bench.ask("models/cartpole@champion") for _ in range(50)])
    assert {(status, answer["policy"]) for status, answer in answers} == {
        (200, "models/cartpole/2")
    }
    await bench.registry.add(
        Promotion(
            model="cartpole", alias="champion", number=3, version=1, previous=2, rollback=True,
            by="me", at=3.0,
        )
    )  # fmt: skip
    bench.now += 1.0
    assert (await bench.ask("models/cartpole@champion"))[1]["policy"] == "models/cartpole/1"


async def test_a_canary_answers_its_share_until_the_alias_moves(bench: Bench) -> None:
    """Of one key always the same version; of the same bytes, too."""
    name, one, two = "models/cartpole@champion", "models/cartpole/1", "models/cartpole/2"
    second = await bench.registry.find(Named("cartpole", version=2))
    await bench.registry.set_canary(second, "champion", 0.25, "me", 1.0)

    async def by_key() -> list[str]:
        asked = [bench.ask(name, key=f"episode-{n}") for n in range(200)]
        return [answer["policy"] for _, answer in await asyncio.gather(*asked)]

    first = await by_key()
    assert 20 < first.count(two) < 80
    assert first.count(one) == 200 - first.count(two)
    assert await by_key() == first
    bodies = [[[0.1, 0.2, 0.3, n / 100]] for n in range(100)]
    answers = [await bench.ask(name, seen) for seen in bodies for _ in range(2)]
    drawn = [answer["policy"] for _, answer in answers]
    assert drawn[::2] == drawn[1::2]
    assert {*drawn} == {one, two}
    await bench.registry.set_canary(second, "champion", 0.5, "me", 2.0)
    bench.now += 1.0
    more = await by_key()
    assert all(after == two for before, after in zip(first, more, strict=True) if before == two)
    assert more.count(two) > first.count(two)
    await bench.promote(2, 1)
    bench.now += 1.0
    assert {*await by_key()} == {one}


async def test_requests_that_wait_share_a_look_and_a_load(bench: Bench) -> None:
    bench.store.asked.clear()
    answers = await asyncio.gather(*[bench.ask("models/cartpole@champion") for _ in range(20)])
    assert {status for status, _ in answers} == {200}
    assert (
        len(bench.store.asked) == len(set(bench.store.asked)) == 4
    )  # move, manifest, policy, canary
    bench.now += 1.0
    await bench.ask("models/cartpole@champion")
    assert len(bench.store.asked) == 7  # not the policy


async def test_what_cannot_move_needs_no_store_once_it_was_read(bench: Bench) -> None:
    await bench.ask("models/cartpole/1")
    await bench.ask("models/cartpole@champion")
    bench.store.away = True
    bench.now += 1e6
    assert (await bench.ask("models/cartpole/1"))[0] == 200
    assert await bench.refused("models/cartpole@champion") == ("unavailable", "the store is away")
    bench.store.away = False
    assert (await bench.ask("models/cartpole@champion"))[0] == 200


async def test_a_run_is_its_newest_stored_policy_or_one_of_them(bench: Bench) -> None:
    await bench.run([3, 10])
    assert (await bench.ask(f"runs/{RUN}"))[1]["policy"] == f"runs/{RUN}/10"
    assert (await bench.ask(f"runs/{RUN}/3"))[1]["policy"] == f"runs/{RUN}/3"
    await bench.run([11])
    bench.now += 1.0
    assert (await bench.ask(f"runs/{RUN}"))[1]["policy"] == f"runs/{RUN}/11"
    for name in (f"runs/{RUN}/4", "runs/other", "runs/other/1"):
        kind, text = await bench.refused(name)
        assert (kind, text.startswith(f"policy: {name} is not stored; ")) == ("not-found", True)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("cartpole", "bad-request", "policy: 'cartpole' names no policy; write models/NAME@ALIAS"),
        ("models/cartpole@best", "not-found", "policy: cartpole@best: there is no such alias; "),
        ("models/cartpole/9", "not-found", "policy: cartpole/9: there is no such version; "),
        ("models/carpole", "not-found", "policy: there is no model 'carpole'; did you mean 'cart"),
    ],
)
async def test_a_name_of_no_policy_is_refused(
    bench: Bench, name: str, kind: str, said: str
) -> None:
    found, text = await bench.refused(name)
    assert (found, text[: len(said)]) == (kind, said)
    assert bench.metered[-1].policy == ""


@pytest.mark.parametrize("how", ["lost", "altered", "another network", "no manifest"])
async def test_a_policy_that_cannot_be_used_is_said(bench: Bench, how: str) -> None:
    found = await bench.registry.find(Named("cartpole", version=1))
    key = keys.model_object("cartpole", found.policy.sha256)
    name = "models/cartpole/1"
    match how:
        case "lost":
            del bench.store.data[key]
        case "altered":
            bench.store.data[key] = b"x" * found.policy.size
        case "another network":
            wide = {**SPEC, "algorithm": {"name": "ppo", "hidden_sizes": [8]}}
            await bench.register(3, POLICY, spec=wide)
            name = "models/cartpole/3"
        case "no manifest":
            await bench.run([1])
            del bench.store.data[keys.manifest(RUN)]
            name = f"runs/{RUN}/1"
    kind, text = await bench.refused(name)
    assert kind == "not-found"
    assert text.startswith(f"policy: {name} cannot be used: ")


async def test_what_does_not_fit_the_policy_is_refused_by_its_path(bench: Bench) -> None:
    name = "models/cartpole/1"
    _, answer = await bench.ask(name, [[1.0, 2.0]])
    assert answer["error"] == {
        "kind": "bad-request",
        "path": "observations",
        "text": "observations: found <f8 [1, 2]; allowed: <f4 [B, 4], a row for each of B "
        "environments",
    }
    for more, path in [
        ({"deterministic": False}, "seed"),
        ({"memory": [[0.0]]}, "memory"),
        ({"want": ["memory"]}, "want[0]"),
        ({"want": ["states"]}, "want[0]"),
        ({"action_masks": [[1, 1]]}, "action_masks"),
        ({"seed": -1}, "seed"),
    ]:
        _, answer = await bench.ask(name, **more)
        assert (answer["error"]["kind"], answer["error"]["path"]) == ("bad-request", path)
    assert bench.metered[-2].policy == name


async def test_policies_are_kept_within_a_bound(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "MOST_BYTES", 1)
    for version in (1, 2, 1):
        await bench.ask(f"models/cartpole/{version}")
    assert [name for name, _ in bench.policies._held] == ["models/cartpole/1"]
    bench.store.asked.clear()
    await bench.ask("models/cartpole/1")
    assert bench.store.asked == []


async def test_values_are_read_from_what_the_learner_keeps(bench: Bench) -> None:
    """Of a registered version, of a run's; once. Without that, all but values is told."""
    spec = registry.parse(SPEC)
    state = replace(registry.learner(spec).initialise(spec), version=1)
    policy = registry.learner(spec).project(state)
    networks = await bench.registry.keep("cartpole", payloads.dump(state))
    await bench.register(3, policy, networks=networks)
    await bench.run([1])
    bench.store.data[keys.policy(RUN, 1)] = payloads.dump(policy)
    name = f"runs/{RUN}/1"
    kind, text = await bench.refused(name, want=["values"])
    assert (kind, text) == (
        "not-found",
        f"want: {name} can tell no values: its learner state is not stored",
    )
    assert "values" not in (await bench.ask(name))[1]
    bench.store.data[keys.learner(RUN, 1)] = payloads.dump(state)
    _, of_run = await bench.ask(name, want=["values"])
    _, of_model = await bench.ask("models/cartpole/3", want=["values"])
    expected = Critic(spec, state, describe(spec)).values(np.array(SEEN, np.float32))
    assert np.float32(of_run["values"]).tolist() == expected.tolist()
    assert of_model["values"] == of_run["values"]
    bench.store.asked.clear()
    await bench.ask(name, want=["values"])
    assert bench.store.asked == []


async def test_a_large_learner_state_is_not_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.run([1])
    bench.store.data[keys.learner(RUN, 1)] = b"a state"
    monkeypatch.setattr(policies, "MOST_LEARNER", 6)
    kind, text = await bench.refused(f"runs/{RUN}/1", want=["values"])
    assert kind == "not-found"
    assert "has 7 bytes; allowed: at most 6; register the policy as a model" in text
