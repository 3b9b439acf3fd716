"""Recurrent cells in NumPy, as policies act by them, and the memory that one step hands the next.

A memory is [B, M] float32, a row for each environment: the cell's output, then an LSTM's inner
state. It is 0 at the beginning of an episode.
"""

from collections.abc import Callable, Mapping

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.schemas.array_specs import ArraySpecs
from faastraingym.schemas.specification import RecurrentSpec, RunSpec

GATES = {"lstm": 4, "gru": 3}
HALF = np.float32(0.5)

# the output, [B, H], of inputs [B, I]; it moves the memory on, in place
Cell = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cell_of(spec: RunSpec) -> RecurrentSpec | None:
    """The cell that the policy of a specification has, if any."""
    found = spec.algorithm.recurrent
    return found if isinstance(found, RecurrentSpec) else None


def initial(spec: RunSpec, num_envs: int) -> np.ndarray | None:
    """The memory at the beginning of episodes; None of a policy that remembers nothing."""
    cell = cell_of(spec)
    return None if cell is None else np.zeros((num_envs, cell.memory_size), np.float32)


def cell_specs(path: str, inputs: int, cell: RecurrentSpec) -> ArraySpecs:
    """The arrays of a cell: gates of the inputs, and gates of the output of the step before."""
    gates = GATES[cell.cell] * cell.size
    read = dense.layer_specs(f"{path}/inputs", inputs, gates)
    return read | dense.layer_specs(f"{path}/hidden", cell.size, gates)


def of(path: str, cell: RecurrentSpec, parameters: Mapping[str, np.ndarray]) -> Cell:
    """The cell of these parameters, ready to act."""
    inputs, hidden = (dense.layer(f"{path}/{name}", parameters) for name in ("inputs", "hidden"))
    make = _lstm if cell.cell == "lstm" else _gru
    return make(inputs, hidden)


def _lstm(inputs: dense.Layer, hidden: dense.Layer) -> Cell:
    """i, f, o = sigmoid(.), g = tanh(.); c' = f c + i g; h' = o tanh(c').

    Hochreiter and Schmidhuber 1997; with a forget gate, Gers, Schmidhuber and Cummins 2000.
    """
    size = hidden[0].shape[0]
    both = np.concatenate([inputs[0], hidden[0]]), inputs[1] + hidden[1]

    def step(x: np.ndarray, memory: np.ndarray) -> np.ndarray:
        gates = dense.linear(both, np.concatenate([x, memory[:, :size]], axis=1))
        _sigmoid(gates[:, : 3 * size])
        new = np.tanh(gates[:, 3 * size :])
        inner = memory[:, size:]
        inner *= gates[:, size : 2 * size]
        inner += gates[:, :size] * new
        h: np.ndarray = gates[:, 2 * size : 3 * size] * np.tanh(inner)
        memory[:, :size] = h
        return h

    return step


def _gru(inputs: dense.Layer, hidden: dense.Layer) -> Cell:
    """r, z = sigmoid(.); n = tanh(W x + b + r (U h + d)); h' = (1 - z) n + z h.

    Cho et al. 2014, arXiv 1406.1078, with the reset after the product, as in cuDNN.
    """
    size = hidden[0].shape[0]

    def step(x: np.ndarray, memory: np.ndarray) -> np.ndarray:
        read, kept = dense.linear(inputs, x), dense.linear(hidden, memory)
        gates = read[:, : 2 * size] + kept[:, : 2 * size]
        _sigmoid(gates)
        new = np.tanh(read[:, 2 * size :] + gates[:, :size] * kept[:, 2 * size :])
        memory -= new
        memory *= gates[:, size:]
        memory += new
        return memory.copy()

    return step


def _sigmoid(x: np.ndarray) -> None:
    """In place, without an overflow: (1 + tanh(x / 2)) / 2."""
    x *= HALF
    np.tanh(x, out=x)
    x *= HALF
    x += HALF
