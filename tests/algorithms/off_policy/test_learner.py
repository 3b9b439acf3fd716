"""A version follows from the one before, bit for bit, with a warm window and with a cold one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry, shape_checks
from faastraingym.events.pipeline.planning import update_plan
from faastraingym.schemas.errors import PayloadError, RunFault
from faastraingym.schemas.payloads import LearnerState, Trajectory, dump, load
from tests.algorithms.off_policy.runs import Batches, a_ring, a_spec, go_on, sha, started

DQN: dict[str, Any] = {"name": "dqn"}
SAC: dict[str, Any] = {"name": "sac"}
REPLAYED = {"prioritized": True, "n_step": 3, "tau": 0.5}
RAINBOW = {**DQN, **REPLAYED, "double": True, "dueling": True}
ALL_OF_SAC = {**SAC, **REPLAYED, "target_entropy": -2.0, "max_grad_norm": 1.0}
RUNS = {
    "DQN": DQN,
    "DQN with all": RAINBOW,
    "SAC": SAC,
    "SAC with all": ALL_OF_SAC,
    "SAC with a fixed alpha": {**SAC, "ent_coef": 0.1},
    "SAC with gSDE": {**SAC, "sde_sample_freq": 4, "log_std_init": -1.0},
}
every_run = pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)


@every_run
def test_a_run_that_was_cut_off_equals_one_that_was_not(options: dict[str, Any]) -> None:
    """Everything that the rest needs is in the stored state and in the trajectories."""
    spec = a_spec(**options)
    whole, _ = go_on(spec, started(spec), {}, a_ring(spec), 12)
    batches: Batches = {}
    half, _ = go_on(spec, started(spec), batches, a_ring(spec), 6)
    stored = load(dump(half), LearnerState)
    rest, _ = go_on(spec, stored, batches, a_ring(spec), 6)
    assert sha(rest) == sha(whole)
    assert sha(half) != sha(whole)


@every_run
def test_a_state_is_as_declared_and_is_left_as_it_is(options: dict[str, Any]) -> None:
    spec = a_spec(**options)
    batches: Batches = {}
    state, _ = go_on(spec, started(spec), batches, a_ring(spec), 4)
    shape_checks.learner(spec, state)
    shape_checks.policy(spec, registry.learner(spec).project(state))
    shape_checks.batch(spec, batches[3], None)
    before = sha(state)
    after, _ = go_on(spec, state, batches, a_ring(spec), 1)
    assert sha(state) == before != sha(after)


def test_nothing_is_learnt_before_learning_starts() -> None:
    spec = a_spec()
    first = started(spec)
    state, told = go_on(spec, first, {}, a_ring(spec), 4)
    assert [t["gradient_steps"] for t in told] == [0.0, 0.0, 5.0, 5.0]
    assert ["loss" in t for t in told] == [False, False, True, True]
    assert int(state.optimizer["steps"]) == 10
    early, _ = go_on(spec, first, {}, a_ring(spec), 2)
    for path, array in early.parameters.items():
        assert np.array_equal(array, first.parameters[path])


@pytest.mark.parametrize("name", ["dqn", "sac"])
def test_what_was_drawn_counts_by_its_weight(name: str) -> None:
    """Without a correction all weights are 1: the same draws, and other parameters."""
    spec, learner = a_spec(name, prioritized=True), registry.learner(a_spec(name))
    batches: Batches = {}
    ring = a_ring(spec)
    state, _ = go_on(spec, started(spec), batches, ring, 4)
    plan = update_plan(spec, 3, state.env_steps, 0)
    found = []
    for correction in (0.0, 1.0):
        coefficients = {**plan.coefficients, "priority_correction": correction}
        given = replace(plan, coefficients=coefficients)
        after, _ = learner.update(spec, replace(state, version=3), batches[3], None, given, ring)
        found.append(after)
    assert any(
        not np.array_equal(array, found[1].parameters[path])
        for path, array in found[0].parameters.items()
    )


def test_metrics_say_what_was_learnt_and_planned() -> None:
    spec = a_spec()
    _, told = go_on(spec, started(spec), {}, a_ring(spec), 6)
    names = {"loss", "td_error", "q", "grad_norm", "learning_rate", "epsilon", "gradient_steps"}
    assert set(told[-1]) == names | {"replayed"}
    assert [t["replayed"] for t in told] == [24.0, 48.0, 72.0, 96.0, 96.0, 96.0]
    assert told[0]["epsilon"] == 1.0
    assert told[0]["epsilon"] > told[1]["epsilon"] > told[2]["epsilon"] == 0.05


def test_the_target_is_in_the_state_and_the_policy_is_the_network_alone() -> None:
    """After 10 gradient steps the target is the network that it was after 7."""
    spec = a_spec()
    state, _ = go_on(spec, started(spec), {}, a_ring(spec), 4)
    policy = registry.learner(spec).project(state)
    assert set(policy.parameters) == {p for p in state.parameters if p.startswith("q/")}
    kernel, target = (state.parameters[f"{n}/head/kernel"] for n in ("q", "target"))
    assert not np.array_equal(kernel, target)
    first = started(spec).parameters
    assert np.array_equal(first["q/head/kernel"], first["target/head/kernel"])
    assert not np.array_equal(target, first["target/head/kernel"])


@pytest.mark.parametrize("options", [RAINBOW, ALL_OF_SAC], ids=["DQN", "SAC"])
def test_priorities_are_committed_with_the_version(options: dict[str, Any]) -> None:
    """Those of what was drawn have changed, resets have none, and the next draw is another."""
    spec = a_spec(**options)
    batches: Batches = {}
    ring = a_ring(spec)
    state, _ = go_on(spec, started(spec), batches, ring, 4)
    held = state.optimizer["priorities"]
    assert held.shape == (4, 2, 6, 2)
    for version in range(4):
        valid = np.stack([t.valid for t in batches[version]])
        assert ((held[version] > 0) == valid).all()
    assert len(np.unique(held)) > 20
    flat = replace(state, optimizer={**state.optimizer, "priorities": (held > 0).astype("f4")})
    plan = update_plan(spec, 4, state.env_steps, 0)
    ring.write(4, [replace(t, version=4) for t in batches[3]], None)
    ours, others = (
        registry.learner(spec).update(spec, s, batches[3], None, plan, ring)[0]
        for s in (state, flat)
    )
    assert sha(ours) != sha(others)


def test_a_state_of_another_window_is_refused() -> None:
    spec, other = a_spec(**RAINBOW), a_spec(**RAINBOW, capacity=48)
    batches: Batches = {}
    state, _ = go_on(spec, started(spec), batches, a_ring(spec), 1)
    with pytest.raises(PayloadError, match=r"'priorities'\]: found <f4 \[4, 2, 6, 2\]; allowed"):
        go_on(other, state, batches, a_ring(other), 1)


def with_nan_at_the_end(trajectory: Trajectory) -> Trajectory:
    """Terminal observations are nowhere bootstrapped from, so an environment may say NaN there."""
    seen = np.array(trajectory.observations)
    seen[1:][trajectory.terminated] = np.nan
    return replace(trajectory, observations=seen)


@pytest.mark.parametrize("options", [DQN, RAINBOW], ids=["plain", "all"])
def test_what_comes_after_a_termination_counts_for_nothing(options: dict[str, Any]) -> None:
    spec = a_spec(**options)
    batches: Batches = {}
    state, _ = go_on(spec, started(spec), batches, a_ring(spec), 12)
    plan, results = update_plan(spec, 12, state.env_steps, 0), []
    batches[12] = batches[11]
    assert sum(t.terminated.sum() for v in range(9, 13) for t in batches[v])
    change: Callable[[Trajectory], Trajectory]
    for change in (lambda t: t, with_nan_at_the_end):
        ring = a_ring(spec)
        for version in range(9, 13):
            ring.write(version, [change(t) for t in batches[version]], None)
        results.append(
            sha(registry.learner(spec).update(spec, state, batches[12], None, plan, ring)[0])
        )
    assert results[0] == results[1]


def test_an_update_that_diverges_fails_in_words() -> None:
    spec = a_spec()
    batches: Batches = {}
    state, _ = go_on(spec, started(spec), batches, a_ring(spec), 3)
    broken = dict(state.parameters)
    broken["q/head/bias"] = np.full(2, np.nan, np.float32)
    with pytest.raises(RunFault, match="the update of version 3 diverged: "):
        go_on(spec, replace(state, parameters=broken), batches, a_ring(spec), 1)
