"""A policy's graph as an ONNX file.

ONNX is an extra, and is imported where a file is made.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from faastraingym import __version__
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs.graph import OPSET, Graph, Node, Port
from faastraingym.client import files
from faastraingym.client.errors import BadInput
from faastraingym.schemas import payloads, raw
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.report import RunReport

EXTRA = 'pip install "faastraingym[onnx]"'
IR_VERSION = 8  # of the file format, as old as the opset
MOST_BYTES = (1 << 31) - (1 << 20)  # of arrays: Protobuf's bound, and room for the nodes


def helper() -> Any:
    """ONNX's own, which makes what a file has.

    Raises:
        BadInput: ONNX is not installed.
    """
    try:
        from onnx import helper
    except ImportError as error:
        raise BadInput(f"an ONNX file needs onnx; `{EXTRA}`") from error
    return helper


def target(path: Path) -> Path:
    """`path`, where an ONNX file can be written.

    Raises:
        BadInput: it cannot, or has another suffix; or ONNX is not installed.
    """
    if path.suffix != ".onnx":
        raise BadInput(f"{path}: give an ONNX file the suffix .onnx")
    helper()
    return files.in_folder(path)


def about(
    policy: Policy, report: RunReport, spaces: SpaceInfo, model: str | None
) -> dict[str, str]:
    """The metadata of a policy's file; `model` names a registered version, if it is one."""
    named = {} if model is None else {"model": model}
    return named | {
        "run": report.run_id,
        "version": f"{policy.version}",
        "sha256": hashlib.sha256(payloads.dump(policy)).hexdigest(),
        "environment": report.environment,
        "spaces": msgspec.json.encode(spaces._asdict()).decode(),
        "specification": raw.text(report.spec).decode(),
    }


def dump(graph: Graph, words: str, about: Mapping[str, str]) -> bytes:
    """The file's bytes; equal graphs give equal bytes.

    Args:
        graph: is written as it was drawn.
        words: say what it is.
        about: metadata by name.

    Raises:
        BadInput: ONNX is not installed, or the arrays are too large for one file.
    """
    size = sum(array.nbytes for array in graph.constants.values())
    if size > MOST_BYTES:
        raise BadInput(
            f"the policy has {size:,} bytes; an ONNX file has at most {MOST_BYTES:,}; "
            "train one with smaller algorithm.hidden_sizes"
        )
    onnx = helper()
    made = onnx.make_graph(
        [_node(onnx, node) for node in graph.nodes],
        "policy",
        [_port(onnx, port) for port in graph.inputs],
        [_port(onnx, port) for port in graph.outputs],
        initializer=[_tensor(onnx, *pair) for pair in graph.constants.items()],
    )
    model = onnx.make_model(
        made,
        opset_imports=[onnx.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="faastraingym",
        producer_version=__version__,
        doc_string=words,
    )
    onnx.set_model_props(model, dict(about))
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _node(onnx: Any, node: Node) -> Any:
    attributes = {
        name: _kind(onnx, value) if isinstance(value, np.dtype) else value
        for name, value in node.attributes.items()
    }
    return onnx.make_node(
        node.operator, list(node.inputs), [node.output], name=node.output, **attributes
    )


def _port(onnx: Any, port: Port) -> Any:
    kind = _kind(onnx, np.dtype(port.dtype))
    return onnx.make_tensor_value_info(port.name, kind, ["batch", *port.shape])


def _tensor(onnx: Any, name: str, array: np.ndarray) -> Any:
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return onnx.make_tensor(name, _kind(onnx, array.dtype), array.shape, data, raw=True)


def _kind(onnx: Any, dtype: "np.dtype[Any]") -> int:
    return int(onnx.np_dtype_to_tensor_dtype(dtype))
