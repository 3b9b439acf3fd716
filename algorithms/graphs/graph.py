"""A graph of ONNX operators that is drawn node by node; values are known by their names.

The first axis of every input and output is the batch's. Operators are those of OPSET.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from faastraingym.schemas.payloads import Policy

OPSET = 17  # of December 2022: current ONNX runtimes support it

Value = str  # the name of an input, a constant, or what a node gives


class Node(NamedTuple):
    """An operator, what it reads, and the name of what it gives."""

    operator: str
    inputs: tuple[Value, ...]
    output: Value
    attributes: dict[str, Any]


class Port(NamedTuple):
    """An input or an output of the whole."""

    name: Value
    dtype: str
    shape: tuple[int, ...]  # of each row of the batch


class Graph:
    """What was drawn so far of a policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.nodes: list[Node] = []
        self.constants: dict[Value, np.ndarray] = {}

    def reads(self, name: Value, dtype: str, *shape: int) -> Value:
        """One more input."""
        self.inputs.append(Port(name, dtype, shape))
        return name

    def gives(self, name: Value, value: Value, dtype: str, *shape: int) -> None:
        """One more output, which is this value."""
        self.nodes.append(Node("Identity", (value,), name, {}))
        self.outputs.append(Port(name, dtype, shape))

    def parameter(self, path: str, axes: Sequence[int] | None = None) -> Value:
        """The policy's array at a path, which is its name here, too; with its axes in an order."""
        array = self.policy.parameters[path]
        self.constants[path] = array if axes is None else array.transpose(axes)
        return path

    def node(
        self, operator: str, *inputs: Value | np.ndarray | np.generic, **attributes: Any
    ) -> Value:
        """What an operator gives of values and of constants."""
        output = f"{operator}_{len(self.nodes)}"
        read = [
            value if isinstance(value, str) else self._constant(f"{output}/constant_{i}", value)
            for i, value in enumerate(inputs)
        ]
        self.nodes.append(Node(operator, tuple(read), output, attributes))
        return output

    def cast(self, value: Value, dtype: str) -> Value:
        """The value as numbers of another dtype."""
        return self.node("Cast", value, to=np.dtype(dtype))

    def columns(self, value: Value, start: int, stop: int) -> Value:
        """[B, stop - start] of [B, N]."""
        return self.node("Slice", value, *(np.array([n]) for n in (start, stop, 1)))

    def reshaped(self, value: Value, *shape: int) -> Value:
        """Rows of another shape, of as many elements."""
        return self.node("Reshape", value, np.array([0, *shape]))  # 0: as many rows as there are

    def _constant(self, name: Value, array: np.ndarray | np.generic) -> Value:
        self.constants[name] = np.asarray(array)
        return name
