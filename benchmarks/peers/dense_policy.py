"""A policy of dense layers in plain NumPy, out of a file: what its bodies ask for, in msgpack."""

from pathlib import Path

import msgpack
import numpy as np


class DensePolicy:
    """Layers of tanh, then scores of actions; the file has kernels and biases in their order."""

    def __init__(self, file: Path) -> None:
        with np.load(file) as arrays:
            layers = [arrays[f"{number}"] for number in range(len(arrays.files))]
        self._layers = list(zip(layers[::2], layers[1::2], strict=True))

    def scores(self, observations: np.ndarray) -> np.ndarray:
        """[B, A] float32."""
        *hidden, (kernel, bias) = self._layers
        for one, other in hidden:
            observations = np.tanh(observations @ one + other)
        scores: np.ndarray = observations @ kernel + bias
        return scores

    def answer(self, body: bytes) -> bytes:
        """Of {"rows", "observations"} the actions, int64."""
        asked = msgpack.unpackb(body)
        observations = np.frombuffer(asked["observations"], np.float32)
        actions = np.argmax(self.scores(observations.reshape(asked["rows"], -1)), axis=1)
        packed: bytes = msgpack.packb({"actions": actions.astype(np.int64).tobytes()})
        return packed
