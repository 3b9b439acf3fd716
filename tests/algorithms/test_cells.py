"""Recurrent cells: those that act and those that learn are Flax's."""

from typing import Any

import jax
import numpy as np
import pytest
from flax import linen as nn

from faastraingym.algorithms import cells, trees
from faastraingym.algorithms.actor_critic.recurrence import Cell
from faastraingym.schemas.specification import RecurrentSpec

T, B, INPUTS, SIZE = 6, 4, 3, 5
# our gates, side by side, and the names of Flax's
NAMES: dict[str, Any] = {"lstm": "ifog", "gru": "rzn"}


def settings(kind: Any, burn_in: int = 0) -> RecurrentSpec:
    return RecurrentSpec(cell=kind, size=SIZE, burn_in=burn_in)


def parameters(kind: str) -> dict[str, np.ndarray]:
    random, gates = np.random.default_rng(5), len(NAMES[kind]) * SIZE
    shapes = {"inputs": (INPUTS, gates), "hidden": (SIZE, gates)}
    arrays = {}
    for name, shape in shapes.items():
        arrays[f"{name}/kernel"] = random.normal(size=shape).astype(np.float32)
        arrays[f"{name}/bias"] = random.normal(size=shape[1]).astype(np.float32)
    return arrays


def of_flax(kind: str) -> dict[str, Any]:
    """The same parameters by Flax's names; where it has one bias of two, their sum."""
    ours, found = parameters(kind), {}
    for i, gate in enumerate(NAMES[kind]):
        part = slice(i * SIZE, (i + 1) * SIZE)
        read, kept = ({"kernel": ours[f"{n}/kernel"][:, part]} for n in ("inputs", "hidden"))
        both = ours["inputs/bias"][part] + ours["hidden/bias"][part]
        if kind == "lstm":
            kept["bias"] = both
        elif gate == "n":
            read["bias"], kept["bias"] = ours["inputs/bias"][part], ours["hidden/bias"][part]
        else:
            read["bias"] = both
        found |= {f"i{gate}": read, f"h{gate}": kept}
    return found


def flax_outputs(kind: str, x: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of all steps, and the memory after them, by Flax's own cell."""
    cell: Any = (nn.OptimizedLSTMCell if kind == "lstm" else nn.GRUCell)(features=SIZE)
    carry: Any = memory
    if kind == "lstm":
        carry = memory[:, SIZE:], memory[:, :SIZE]  # c, h
    outputs = []
    for inputs in x:
        carry, h = cell.apply({"params": of_flax(kind)}, carry, inputs)
        outputs.append(h)
    if kind == "lstm":
        carry = np.concatenate([carry[1], carry[0]], axis=1)
    return np.stack(outputs), np.asarray(carry)


@pytest.fixture(params=["lstm", "gru"])
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(T, B, INPUTS), scale=2).astype(np.float32)


@pytest.fixture
def memory(kind: str) -> np.ndarray:
    size = settings(kind).memory_size
    return np.random.default_rng(2).normal(size=(B, size)).astype(np.float32)


def test_the_cell_that_acts_is_flaxs(kind: str, x: np.ndarray, memory: np.ndarray) -> None:
    """Outputs and memory, step by step, within 1e-5; also where a gate is saturated."""
    x[0] *= 1e3
    expected, after = flax_outputs(kind, x, memory)
    step = cells.of("cell", settings(kind), {f"cell/{k}": v for k, v in parameters(kind).items()})
    with np.errstate(all="raise", under="ignore"):
        outputs = [step(inputs, memory) for inputs in x]
    np.testing.assert_allclose(np.stack(outputs), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(memory, after, atol=1e-5, rtol=1e-5)
    np.testing.assert_array_equal(memory[:, :SIZE], outputs[-1])


def test_the_cell_that_learns_is_flaxs(kind: str, x: np.ndarray, memory: np.ndarray) -> None:
    """A row whose memory is not kept goes on from 0."""
    expected, _ = flax_outputs(kind, x, memory)
    again, _ = flax_outputs(kind, x[3:], np.zeros_like(memory))
    kept = np.ones((T, B), np.bool_)
    kept[2, 1] = False
    variables = {"params": trees.nest(parameters(kind))}
    outputs = np.asarray(Cell(settings(kind)).apply(variables, x, memory, kept))
    np.testing.assert_allclose(outputs[:3], expected[:3], atol=1e-5, rtol=0)
    others = [0, 2, 3]
    np.testing.assert_allclose(outputs[:, others], expected[:, others], atol=1e-5, rtol=0)
    np.testing.assert_allclose(outputs[3:, 1], again[:, 1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("burn_in", [0, 2])
def test_gradients_stop_where_the_burn_in_ends(
    kind: str, x: np.ndarray, memory: np.ndarray, burn_in: int
) -> None:
    """What is remembered of the last step depends on all inputs; its gradient on those after."""
    variables, kept = {"params": trees.nest(parameters(kind))}, np.ones((T, B), np.bool_)
    whole = Cell(settings(kind)).apply(variables, x, memory, kept)

    def last(inputs: Any) -> Any:
        outputs = Cell(settings(kind, burn_in)).apply(variables, inputs, memory, kept)
        return outputs[-1].sum(), outputs

    gradient, outputs = jax.grad(last, has_aux=True)(x)
    np.testing.assert_allclose(outputs, np.asarray(whole), atol=1e-6)
    moved = np.abs(np.asarray(gradient)).max(axis=(1, 2)) > 0
    assert moved.tolist() == [t >= burn_in for t in range(T)]


def test_every_gate_begins_orthogonal(kind: str, x: np.ndarray, memory: np.ndarray) -> None:
    kept = np.ones((T, B), np.bool_)
    cell = Cell(settings(kind))
    flat = trees.flatten(cell.init(jax.random.key(0), x, memory, kept)["params"])
    assert not flat["inputs/bias"].any()
    assert not flat["hidden/bias"].any()
    for i in range(len(NAMES[kind])):
        part = flat["hidden/kernel"][:, i * SIZE : (i + 1) * SIZE]
        np.testing.assert_allclose(part.T @ part, np.eye(SIZE), atol=1e-5)
    assert len({part.tobytes() for part in np.split(flat["hidden/kernel"], SIZE, axis=1)}) > 1
