"""`faastrain models`, as a person types it, on a stack in memory."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence

import msgspec
import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client.async_models import Promoted
from faastraingym.client.errors import BadInput
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import keys
from faastraingym.schemas.messages import Message, ModelPromoted, ModelRegistered, RunRequested
from faastraingym.schemas.models import ModelVersion
from faastraingym.schemas.references import ObjectRef
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import RUN, SPEC
from tests.client.memory import KEY
from tests.events.models.versions import A_VERSION
from tests.fakes import InMemoryObjectStore

SMALL = {"name": "ppo", "hidden_sizes": []}  # as the registered policy


@pytest.fixture
def ended(desk: Desk) -> Desk:
    """A run that ended, whose policy is in the store: CartPole pushed to where the pole falls."""
    desk.facts.objects = desk.objects
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    return desk


def put(desk: Desk, *versions: ModelVersion) -> None:
    """Versions as they were registered, each with returns of its own."""
    registry = Registry(desk.objects, desk.objects)
    for version in versions:
        assert asyncio.run(registry.add(version))


def with_returns(version: int, returns: Sequence[float]) -> ModelVersion:
    mean = sum(returns) / len(returns)
    return msgspec.structs.replace(A_VERSION, version=version, returns=list(returns), mean=mean)


def said(desk: Desk, *kinds: type[Message]) -> list[Message]:
    return [record.fact for _, record in desk.facts.log if isinstance(record.fact, kinds)]


def test_a_run_becomes_a_version_that_outlives_it(ended: Desk) -> None:
    """It is measured once; everything that the run had may go; a picture needs no run."""
    assert ended("models", "register", "cartpole", RUN, "--episodes", "5") == ExitCode.DONE
    told = r"cartpole/1: version 1 of " + RUN
    assert ended.out.startswith(told), ended.err
    (fact,) = said(ended, ModelRegistered)
    assert isinstance(fact, ModelRegistered)
    assert (fact.run, fact.model, fact.version, fact.source) == ("models", "cartpole", 1, RUN)
    stored = ended.objects.data[keys.policy(RUN, 1)]
    for key in [key for key in ended.objects.data if key.startswith(keys.of_run(RUN))]:
        del ended.objects.data[key]
    assert ended("play", "models/cartpole", "--out", "episode.gif", "--json") == ExitCode.DONE
    assert json.loads(ended.out)["return"] > 9
    assert (ended.folder / "episode.gif").stat().st_size > 100
    assert ended.objects.data[keys.model_object("cartpole", fact.sha256)] == stored


def test_a_version_is_exported_as_a_run_is(ended: Desk) -> None:
    """Into both kinds of file; what ONNX writes says which version it is."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    assert ended("models", "register", "cartpole", RUN, "--episodes", "2") == ExitCode.DONE
    for what, name in ((RUN, "run.onnx"), ("models/cartpole", "model.onnx")):
        assert ended("export", what, "--onnx", name, "--json") == ExitCode.DONE, ended.err
        told = json.loads(ended.out)
        assert (told["run_id"], told["version"], told["file"]) == (RUN, 1, name)
    assert told["model"] == "models/cartpole/1"
    about = [
        onnxruntime.InferenceSession(ended.folder / name).get_modelmeta().custom_metadata_map
        for name in ("run.onnx", "model.onnx")
    ]
    assert about[1] == about[0] | {"model": "models/cartpole/1"}
    stored = ended.objects.data[keys.policy(RUN, 1)]
    assert about[0]["sha256"] == hashlib.sha256(stored).hexdigest()
    assert ended("export", "models/cartpole", "model.npz") == ExitCode.DONE
    assert ended.out == f"model.npz: models/cartpole/1, version 1 of {RUN}\n"
    assert ended("export", "models/nobody", "--onnx", "m.onnx") == ExitCode.BAD_INPUT
    assert "nobody" in ended.err


def test_a_policy_is_registered_once(ended: Desk) -> None:
    """Under one name; of another name it is a version, too."""
    for name in ("one", "one", "two"):
        assert ended("models", "register", name, RUN, "--episodes", "2", "--json") == ExitCode.DONE
        assert json.loads(ended.out)["version"] == 1
    names = [fact.model for fact in said(ended, ModelRegistered)]  # type: ignore[attr-defined]
    assert names == ["one", "two"]


def test_versions_and_moves_are_listed(desk: Desk) -> None:
    """As a table, as JSON, one version by an alias."""
    put(desk, with_returns(1, [9.0, 11.0]), with_returns(2, [19.0, 21.0]))
    assert desk("models", "promote", "cartpole/1", "champion") == ExitCode.DONE
    assert desk("models", "promote", "cartpole", "champion") == ExitCode.DONE
    assert desk.out == "cartpole@champion points to version 2\n"
    assert desk("models", "list") == ExitCode.DONE
    assert desk.out.splitlines()[1].split("\t") == [
        "cartpole", "2", "20.00", "CartPole-v1", "champion: 2",
    ]  # fmt: skip
    assert desk("models", "list", "--json") == ExitCode.DONE
    assert json.loads(desk.out)[0]["aliases"] == {"champion": 2}
    assert desk("models", "show", "cartpole") == ExitCode.DONE
    rows = [line.split("\t") for line in desk.out.splitlines()]
    assert [row[0] for row in rows] == ["VERSION", "1", "2", "", "ALIAS", "champion", "champion"]
    assert rows[2][-1] == "champion"
    assert desk("models", "show", "cartpole", "--json") == ExitCode.DONE
    shown = json.loads(desk.out)
    assert [move["version"] for move in shown["moves"]["champion"]] == [1, 2]
    assert desk("models", "show", "models/cartpole@champion", "--json") == ExitCode.DONE
    assert json.loads(desk.out)["version"] == 2
    assert desk("models", "show", "cartpole/1") == ExitCode.DONE
    assert "cartpole/1" in desk.out


def test_a_canary_is_told_until_the_alias_moves(desk: Desk) -> None:
    """It is no promotion: nobody hears of it, and the alias points where it did."""
    put(desk, with_returns(1, [9.0, 11.0]), with_returns(2, [19.0, 21.0]))
    asked = ("models", "canary", "cartpole/2", "champion", "--share")
    assert desk(*asked, "0.1") == ExitCode.BAD_INPUT
    assert "cartpole@champion: there is no such alias" in desk.err
    desk("models", "promote", "cartpole/1", "champion")
    assert desk(*asked, "1.5") == ExitCode.BAD_INPUT
    assert "--share 1.5: write a number from 0 to 1" in desk.err
    assert desk(*asked, "0.1") == ExitCode.DONE
    line = "cartpole@champion: version 2 answers 10.0% of requests until it moves\n"
    assert desk.out == line
    assert len(said(desk, ModelPromoted)) == 1
    assert desk("models", "show", "cartpole") == ExitCode.DONE
    assert desk.out.endswith(line)
    assert desk(*asked, "0") == ExitCode.DONE
    assert desk.out == "cartpole@champion has no canary any more\n"
    for end in ((*asked, "0", "--json"), ("models", "promote", "cartpole/2", "champion")):
        assert desk(*asked, "0.1", "--json") == ExitCode.DONE
        assert json.loads(desk.out)["share"] == 0.1
        desk("models", "show", "cartpole", "--json")
        shown = json.loads(desk.out)
        assert [canary["version"] for canary in shown["canaries"]] == [2]
        assert shown["aliases"] == {"champion": 1}
        assert desk(*end) == ExitCode.DONE
        desk("models", "show", "cartpole", "--json")
        assert json.loads(desk.out)["canaries"] == []


def test_a_rollback_goes_back_one_promotion_after_the_other(desk: Desk) -> None:
    """Not to what was rolled back; each is a fact of its own."""
    put(desk, *(with_returns(number, [1.0, 2.0]) for number in (1, 2, 3)))
    for version in ("1", "2", "3"):
        desk("models", "promote", f"cartpole/{version}", "champion")
    assert desk("models", "rollback", "cartpole@champion") == ExitCode.DONE
    assert desk.out == ("cartpole@champion points to version 2 again, no longer to version 3\n")
    assert desk("models", "rollback", "cartpole@champion", "--json") == ExitCode.DONE
    assert json.loads(desk.out)["version"] == 1
    assert desk("models", "rollback", "cartpole@champion") == ExitCode.BAD_INPUT
    assert "cartpole@champion pointed nowhere before version 1" in desk.err
    moves = said(desk, ModelPromoted)
    told = [(fact.number, fact.version, fact.rollback) for fact in moves]  # type: ignore[attr-defined]
    assert told == [(1, 1, False), (2, 2, False), (3, 3, False), (4, 2, True), (5, 1, True)]


def test_a_gate_lets_only_the_better_one_through(desk: Desk) -> None:
    """Exit code 1 is that of a bound that is not kept; a higher mean alone is not enough."""
    put(
        desk,
        with_returns(1, [100.0] * 50 + [200.0] * 50),
        with_returns(2, [100.0] * 49 + [200.0] * 51),
        with_returns(3, [200.0] * 90 + [100.0] * 10),
        with_returns(4, [200.0] * 90 + [100.0] * 10),
    )
    gate = ("champion", "--only-if-better")
    assert desk("models", "promote", "cartpole/1", *gate) == ExitCode.DONE  # there is none before
    assert desk("models", "promote", "cartpole/2", *gate) == ExitCode.BUDGET_SPENT
    assert desk.out.startswith("cartpole@champion stays at version 1: return 151.00 (")
    assert desk("models", "promote", "cartpole/2", *gate, "--json") == ExitCode.BUDGET_SPENT
    told = json.loads(desk.out)
    assert (told["refused"], told["moved"], told["points_to"]) == (True, False, 1)
    assert 0.4 < told["probability"] < 0.7
    assert desk("models", "promote", "cartpole/2", *gate, "--probability", "0.4") == ExitCode.DONE
    assert desk("models", "promote", "cartpole/3", *gate) == ExitCode.DONE
    assert desk.out.startswith("cartpole@champion points to version 3: return 190.00 (")
    assert desk("models", "promote", "cartpole/3", *gate) == ExitCode.DONE
    assert desk.out == "cartpole@champion points to version 3 already\n"
    assert desk("models", "promote", "cartpole/4", *gate) == ExitCode.BUDGET_SPENT  # as good


def test_versions_of_other_environments_are_not_compared(desk: Desk) -> None:
    other = msgspec.structs.replace(A_VERSION.environment, sha256="9" * 64)
    put(desk, A_VERSION, msgspec.structs.replace(A_VERSION, version=2, environment=other))
    desk("models", "promote", "cartpole/1", "champion")
    gate = ("--only-if-better",)
    assert desk("models", "promote", "cartpole/2", "champion", *gate) == ExitCode.BAD_INPUT
    assert "cartpole/2 was measured in another environment than cartpole/1" in desk.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("show", "cartpol"), "there is no model 'cartpol'; did you mean 'cartpole'?"),
        (("show", "x"), "there is no model 'x'; `faastrain models list` lists all"),
        (("show", "cartpole@best"), "cartpole@best: there is no such alias; cartpole has champion"),
        (("show", "cartpole/7"), "cartpole/7: there is no such version; cartpole has 1 to 1"),
        (("show", "Cart Pole"), "'Cart Pole' is no model's name; a name is 1 to 63 of a-z"),
        (("show", "a/b/c"), "'a/b/c' names no version of a model; write NAME, NAME@ALIAS or"),
        (("promote", "cartpole/1", "1st"), "'1st' is no alias; an alias is 1 to 63 of a-z"),
        (("promote", "cartpole", "a", "--probability", "2"), "--probability 2: write a number"),
        (
            ("promote", "cartpole", "a", "--probability", "0.9"),
            "--probability: is a bound of --only",
        ),
        (("rollback", "cartpole"), "cartpole: names no alias; write NAME@ALIAS"),
        (("register", "cartpole", "nobody"), "there is no run 'nobody'"),
        (("register", "Cart", RUN), "'Cart' is no model's name"),
        (("register", "cartpole", RUN, "--episodes", "1"), "--episodes 1: write 2 to 10000"),
        (
            ("register", "cartpole", RUN, "--episodes", "10001"),
            "--episodes 10001: write 2 to 10000; an interval needs two",
        ),
    ],
)
def test_a_mistake_is_one_sentence(desk: Desk, arguments: tuple[str, ...], problem: str) -> None:
    put(desk, A_VERSION)
    desk("models", "promote", "cartpole/1", "champion")
    assert desk("models", *arguments) == ExitCode.BAD_INPUT
    assert desk.err.startswith(f"faastrain: {problem}")
    assert desk.err.count("\n") == 1


def test_a_run_that_goes_on_is_not_registered(desk: Desk) -> None:
    desk.facts.script = False
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    assert desk("models", "register", "cartpole", RUN) == ExitCode.BAD_INPUT
    assert f"run {RUN} has not ended" in desk.err


class AtOnce(InMemoryObjectStore):
    """A store whose writers of a promotion wait for each other, so that both have read before."""

    def __init__(self, writers: int) -> None:
        super().__init__()
        self._barrier = asyncio.Barrier(writers)

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        if keys.promoted(key):
            await self._barrier.wait()
        return await super().put(key, data, content_type)


def test_of_two_promoters_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    desk.objects = AtOnce(2)
    put(desk, with_returns(1, [1.0, 2.0]), with_returns(2, [3.0, 4.0]))

    async def both() -> Sequence[object]:
        promote = desk.client().aio.models.promote
        asked = (promote(named, "champion") for named in ("cartpole/1", "cartpole/2"))
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(both())
    (won,) = [each for each in answers if isinstance(each, Promoted)]
    (told,) = [each for each in answers if isinstance(each, BadInput)]
    point = f"point to version {won.points_to} at the same moment; look at it, and try again"
    assert str(told) == f"somebody else let cartpole@champion {point}"
    (fact,) = said(desk, ModelPromoted)
    assert isinstance(fact, ModelPromoted)
    assert fact.version == won.points_to


def test_whoever_was_killed_before_its_fact_is_completed_by_the_next(desk: Desk) -> None:
    """The fact of a move is published before the alias moves again."""
    put(desk, with_returns(1, [1.0, 2.0]), with_returns(2, [3.0, 4.0]))
    desk("models", "promote", "cartpole/1", "champion")
    desk.facts.log.clear()  # as if it had been killed
    desk("models", "promote", "cartpole/2", "champion")
    told = [fact.version for fact in said(desk, ModelPromoted)]  # type: ignore[attr-defined]
    assert told == [1, 2]


def test_triggers_are_added_shown_replaced_and_removed(ended: Desk) -> None:
    """What begins with another policy than the alias is refused."""
    for arguments in (
        ("register", "cartpole", RUN, "--episodes", "2"),
        ("promote", "cartpole", "a"),
    ):
        assert ended("models", *arguments) == ExitCode.DONE
    spec = ended.write("tuned.json", json.dumps(SPEC))
    for _ in range(2):
        assert ended("models", "trigger", "cartpole@a", spec) == ExitCode.DONE, ended.err
        assert ended.out == "cartpole@a: each promotion starts a run tuned-*\n"
        assert ended.err == ""
    assert ended("models", "show", "cartpole", "--json") == ExitCode.DONE
    (shown,) = json.loads(ended.out)["triggers"]
    assert (shown["alias"], shown["name"], shown["spec"]["seed"]) == ("a", "tuned", 0)
    assert ended("models", "show", "cartpole") == ExitCode.DONE
    assert ended.out.splitlines()[-1].split("\t")[:2] == ["a", "tuned"]
    other = ended.write(
        "other.json", json.dumps({**SPEC, "algorithm": SMALL, "init_from": "models/cartpole/1"})
    )
    assert ended("models", "trigger", "cartpole@a", other) == ExitCode.BAD_INPUT
    assert "allowed: models/cartpole@a, for whose promotions it waits" in ended.err
    assert ended("models", "untrigger", "cartpole@a", "tune") == ExitCode.BAD_INPUT
    assert ended.err == "faastrain: cartpole@a has no trigger 'tune'; it has tuned\n"
    assert ended("models", "untrigger", "cartpole@a", "tuned") == ExitCode.DONE
    assert ended("models", "untrigger", "cartpole@a", "tuned") == ExitCode.BAD_INPUT
    assert ended.err == "faastrain: cartpole@a has no trigger 'tuned'; it has none\n"


def test_a_trigger_may_wait_for_the_first_promotion(ended: Desk) -> None:
    """And a name that was mistyped is seen."""
    put(ended, A_VERSION)
    spec = ended.write("tuned.json", json.dumps(SPEC))
    assert ended("models", "trigger", "cartpole@champoin", spec) == ExitCode.DONE
    assert ended.err == (
        "cartpole@champoin points nowhere yet; `faastrain models promote cartpole champoin` starts "
        "the first run\n"
    )


def test_the_key_of_webhooks_is_not_that_of_commands(desk: Desk) -> None:
    """It derives from it; nobody who has it can sign a command."""
    assert desk("models", "key") == ExitCode.DONE
    shown = desk.out.strip()
    assert shown.startswith("whsec_")
    assert base64.b64decode(shown.removeprefix("whsec_")) not in (KEY, b"")
    assert desk("models", "key", "--json") == ExitCode.DONE
    assert json.loads(desk.out) == {"key": shown}


def test_what_the_store_lost_is_told(ended: Desk) -> None:
    """No traceback: the sentence names the object."""
    ended("models", "register", "cartpole", RUN, "--episodes", "2")
    version = ended.client().models.resolve("cartpole")
    key = keys.model_object("cartpole", version.policy.sha256)
    del ended.objects.data[key]
    assert ended("play", "models/cartpole", "--out", "x.gif") == ExitCode.STACK_TROUBLE
    assert ended.err == f"faastrain: {key} is lost in the store\n"
