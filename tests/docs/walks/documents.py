"""Which documents a reader types from their beginning, and what of them is left out.

Each has a file of its own here, test_NAME.py, so that several processes type them at once.
"""

from collections.abc import Iterator

from tests.docs.walk import Block, Walk, blocks
from tests.stack.documents import WALKS

DOCUMENTS = [
    "README.md",
    "docs/act.md",
    "docs/api.md",
    "docs/comparing.md",
    "docs/evaluations.md",
    "docs/mlflow.md",
    "docs/models.md",
    "docs/onnx.md",
    "docs/reward_functions.md",
    "docs/running_experiments.md",
    "docs/tutorials/ci.md",
    *WALKS,
]
MINUTES = 50  # for three trainings to their end, on a busy machine
ELSEWHERE = {
    "pip install .": "the fixture `installed` does, with what pip makes of the checkout: a wheel",
    'pip install "faastraingym[onnx]"': "requirements.lock has both",
    "pip install mlflow": "`make loggers` did, where the walk finds the program",
    "make train": "test_documents.py looks at its recipe; whoever runs this has its environment",
    "faastrain rewards key centred | faas-cli": "tests/conformance has faas-cli's secrets",
    "mc cp": "test_documents.py types it, as its variables are those of a stack that runs",
}


def reason(block: Block) -> str | None:
    """Why a block is left out."""
    return next((why for start, why in ELSEWHERE.items() if block.text.startswith(start)), None)


def taken(document: str) -> Iterator[Block]:
    """The blocks that a reader types, in order."""
    return (block for block in blocks(document) if not reason(block))


def through(document: str, walk: Walk) -> None:
    """Type a document from its beginning to its end."""
    for block in taken(document):
        walk.take(block)
