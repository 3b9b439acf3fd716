"""Fields of OpenEnv's objects as spaces, and arguments that are none."""

import socket
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import faastraingym.remote
from faastraingym.algorithms.environments import masks
from faastraingym.remote import RemoteError
from faastraingym.remote.openenv_fields import Fields

BOX = {"kind": "Box", "shape": [2]}
DISCRETE = {"kind": "Discrete", "n": 3}
BOARD = {"kind": "Box", "low": 0, "high": 2, "shape": [3], "dtype": "uint8"}


def test_one_field_is_the_space_itself() -> None:
    fields = Fields("action", {"move": DISCRETE})
    assert fields.space == spaces.Discrete(3)
    assert fields.written(np.int64(2)) == {"move": 2}
    assert fields.read({"move": 1, "other": None}) == np.int64(1)


def test_what_is_not_said_is_gymnasiums_default() -> None:
    declared = {"kind": "MultiDiscrete", "nvec": [2, 3]}
    assert Fields("action", {"a": declared}).space == spaces.MultiDiscrete([2, 3])
    assert Fields("action", {"a": {**declared, "start": 4}}).space.start.tolist() == [4, 4]
    assert Fields("action", {"a": BOX}).space == spaces.Box(-np.inf, np.inf, (2,), np.float32)


def test_several_are_a_dict() -> None:
    fields = Fields("observation", {"board": BOARD, "at": BOX, "own": spaces.Discrete(2)})
    expected = {
        "board": spaces.Box(0, 2, (3,), np.uint8),
        "at": spaces.Box(-np.inf, np.inf, (2,), np.float32),
        "own": spaces.Discrete(2),
    }
    assert fields.space == spaces.Dict(expected)
    read = fields.read({"own": 1, "board": [0, 1, 2], "at": [0.5, 7]})
    assert read in fields.space
    assert fields.written(read) == {"at": [0.5, 7.0], "board": [0, 1, 2], "own": 1}


@pytest.mark.parametrize(
    "space",
    [
        spaces.MultiDiscrete([3, 4]),
        spaces.MultiBinary(3),
        spaces.Box(-1, 1, (2, 2), np.float64),
        spaces.Discrete(4, start=-2),
        spaces.Tuple([spaces.Discrete(2), spaces.Dict({"a": spaces.Box(0, 1, ())})]),
    ],
    ids=str,
)
def test_a_value_comes_back_as_it_was(space: spaces.Space[Any]) -> None:
    fields = Fields("action", {"field": space})
    space.seed(1)
    value = space.sample()
    back = fields.read(fields.written(value))
    assert back in space
    np.testing.assert_equal(back, value)


@pytest.mark.parametrize(
    ("space", "raw", "words"),
    [
        (BOX, [1.0], r"observation.field: found \[1.0\]; allowed: Box\("),
        (BOX, [[1.0], [2.0, 3.0]], "found"),
        (BOX, [None, 1.0], r"found \[None, 1.0\]"),
        (BOX, ["1", "2"], "found"),
        (BOX, [1e300, 0.0], "found"),  # float32 has no such number
        (BOX, {"a": 1}, "found"),
        (BOX, None, "found None"),
        (BOARD, [0, 1, 3], "found"),
        (BOARD, [0, 1, -1], "found"),
        (BOARD, [0, 1, 1.5], "found"),
        (BOARD, [0, 1, 2**70], "found"),
        (DISCRETE, 3, r"found 3; allowed: Discrete\(3\)"),
        (DISCRETE, 0.5, "found 0.5"),
        (DISCRETE, [1], "found"),
        ({"kind": "MultiBinary", "shape": [2]}, [0, 2], "found"),
        ({"kind": "Tuple", "spaces": [DISCRETE]}, [1, 2], "allowed: a list of 1"),
        ({"kind": "Dict", "spaces": {"a": DISCRETE}}, {"b": 1}, "found b; allowed: an object with"),
    ],
)
def test_what_a_space_has_not_is_refused(space: Any, raw: Any, words: str) -> None:
    with pytest.raises(RemoteError, match=words) as refused:
        Fields("observation", {"field": space}).read({"field": raw})
    assert refused.value.kind == "bad-request"
    assert refused.value.path.startswith("observation.field")


@pytest.mark.parametrize(
    ("space", "value", "words"),
    [
        (BOX, np.array([np.nan, 0.0]), r"action.field: found \[nan, 0.0\]; allowed: Box\("),
        (BOX, np.zeros(3), "found"),
        (BOX, "up", "found 'up'"),
        (BOX, [[1.0], [2.0, 3.0]], "found"),
        (DISCRETE, 3, r"action.field: found 3; allowed: Discrete\(3\)"),
        (DISCRETE, None, "found None"),
        ({"kind": "Dict", "spaces": {"a": DISCRETE}}, {"b": 1}, "found {'b': 1}; allowed: Dict"),
        ({"kind": "Tuple", "spaces": [DISCRETE]}, (), r"found \(\); allowed: Tuple"),
    ],
)
def test_an_action_that_a_space_has_not_is_refused(space: Any, value: Any, words: str) -> None:
    with pytest.raises(RemoteError, match=words) as refused:
        Fields("action", {"field": space}).written(value)
    assert refused.value.kind == "bad-request"
    assert refused.value.path.startswith("action")


def test_an_action_is_taken_in_the_dtype_of_its_space() -> None:
    fields = Fields("action", {"field": BOX})
    assert fields.written(np.array([0.1, 2])) == {"field": [float(np.float32(0.1)), 2.0]}


def test_an_absent_field_is_named() -> None:
    with pytest.raises(RemoteError, match="found metadata; allowed: an object with field"):
        Fields("observation", {"field": BOX}).read({"metadata": {}})


@pytest.mark.parametrize(
    ("wrong", "path", "words"),
    [
        ({"url": "nowhere"}, "url", "allowed: an OpenEnv server's, as http"),
        ({"url": "ftp://host"}, "url", "found 'ftp://host'"),
        ({"url": "http://[::1"}, "url", "allowed"),
        ({"observation": {}}, "observation", "found {}; allowed: a table of fields, as"),
        ({"action": [1]}, "action", r"found \[1\]"),
        ({"action": {"a": {"kind": "Text"}}}, "action.a", "allowed: Box, Discrete"),
        ({"action": {"a": {"kind": "Discrete", "n": 0}}}, "action.a", "allowed: Box, Discrete"),
        ({"action": {"a": {**BOX, "dtype": "float33"}}}, "action.a", "float33"),
        ({"action": {"a": {**BOX, "low": [1, 2, 3]}}}, "action.a", "allowed: Box, Discrete"),
    ],
)
def test_arguments_that_are_wrong_are_named(wrong: Any, path: str, words: str) -> None:
    given = {"url": "http://127.0.0.1:1", "observation": {"a": BOX}, "action": {"a": DISCRETE}}
    with pytest.raises(RemoteError, match=words) as refused:
        gymnasium.make(faastraingym.remote.OPENENV_ID, **{**given, **wrong})
    assert (refused.value.kind, refused.value.path) == ("bad-request", path)


def test_a_server_that_is_away_is_waited_for() -> None:
    env = gymnasium.make(
        faastraingym.remote.OPENENV_ID,
        url="http://127.0.0.1:1",
        observation={"a": BOX},
        action={"a": DISCRETE},
        seconds=0.2,
    )
    with pytest.raises(RemoteError, match=r"does not answer.*tried [0-9]+ times in 0.2 s") as away:
        env.reset(seed=1)
    assert away.value.kind == "unavailable"


def test_whoever_reads_spaces_alone_asks_no_server() -> None:
    """So a learner needs neither the server nor the package."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        env = gymnasium.make(
            faastraingym.remote.OPENENV_ID,
            url=f"http://127.0.0.1:{server.getsockname()[1]}",
            observation={"a": BOX},
            action={"a": DISCRETE},
        )
        assert not masks.told(env, env.observation_space, env.action_space)
        env.close()
        with pytest.raises(BlockingIOError):
            server.accept()
