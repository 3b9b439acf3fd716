"""The drawn policy as act has it and in plain NumPy; a case's check, and its rows."""

from pathlib import Path

import msgpack
import numpy as np
import pytest

from benchmarks.act import MOVED, OURS, SPEC, check, drawn, rows
from benchmarks.load import Load
from benchmarks.peers import server
from faastraingym.adapters.stage.payloads import load
from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.answers import answer, ready
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.schemas.act import ActRequest
from faastraingym.schemas.payloads import Policy

SEEN = np.random.default_rng(0).normal(0.0, 0.1, (256, 4)).astype(np.float32)


def taken(rate: float) -> Load:
    """Ten requests a tenth of a second each."""
    return Load(10 / rate, [0.1] * 10, 0.02, 0)


def test_both_servers_act_by_the_same_layers(tmp_path: Path) -> None:
    spec = registry.parse(SPEC)
    one = drawn(1, tmp_path)
    ours = ready(spec, load(one.payload, Policy), describe(spec))
    actions = answer(ours, ActRequest(policy=one.name, observations=SEEN)).actions
    body = msgpack.packb({"rows": len(SEEN), "observations": SEEN.tobytes()})
    theirs = np.frombuffer(msgpack.unpackb(one.plain.answer(body))["actions"], np.int64)
    check([(SEEN, one.name, actions), (SEEN, one.name, theirs)], [one])
    assert set(actions.tolist()) == {0, 1}


def test_another_versions_action_is_an_error(tmp_path: Path) -> None:
    one, two = drawn(1, tmp_path), drawn(2, tmp_path)
    actions = np.argmax(two.plain.scores(SEEN), axis=1)
    check([(SEEN, two.name, actions)], [one, two])
    with pytest.raises(RuntimeError, match="models/bench/1 acts otherwise"):
        check([(SEEN, one.name, actions)], [one, two])


def test_rates_stand_beside_ray_serves() -> None:
    serve = server.RAY_SERVE.name
    found = rows(
        {
            (OURS, 64, 1): [taken(60.0), taken(60.0)],
            (MOVED, 64, 1): [taken(50.0), taken(40.0)],
            (serve, 64, 1): [taken(20.0), taken(10.0)],
        }
    )
    ratios = {row.what: row.samples for row in found if row.unit == "x"}
    assert ratios == {
        f"64 in flight, 1 observations: {OURS} / {serve}": [3.0, 6.0],
        f"64 in flight, 1 observations: {MOVED} / {serve}": [2.5, 4.0],
    }
    assert "PEERS=1" in rows({})[0].note
