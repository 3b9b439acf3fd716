"""tests/docs/walks types every block of every tutorial, but for what it names with a reason."""

import re

import pytest

from tests.checkout import CHECKOUT
from tests.docs.walk import blocks
from tests.docs.walks.documents import DOCUMENTS, ELSEWHERE, taken
from tests.stack.documents import TUTORIALS, WALKS

WALKED = CHECKOUT / "tests" / "docs" / "walks"
FENCE = re.compile(r"^\s*```", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n) {4,}\S", re.MULTILINE)
_TYPED_ELSEWHERE = {"docs/tutorials/openfaas.md"}  # tests/conformance/test_operations.py


def test_every_tutorial_is_typed_by_a_test() -> None:
    assert {*DOCUMENTS} >= TUTORIALS - _TYPED_ELSEWHERE
    assert len(WALKS) >= 5
    for document in WALKS:
        assert len(list(taken(document))) >= 4


def test_each_document_has_one_file() -> None:
    """So that processes share them out, and none is left out."""
    texts = [file.read_text(encoding="utf-8") for file in WALKED.glob("test_*.py")]
    named = [found for text in texts for found in re.findall(r'through\("([^"]+)", walk\)', text)]
    assert sorted(named) == sorted(DOCUMENTS)
    assert len(texts) == len(named)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_block_is_overlooked(document: str) -> None:
    """As one that is indented would be, or one with another mark behind its language."""
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    assert len(FENCE.findall(text)) == 2 * len(blocks(document))
    assert INDENTED.findall(FENCED.sub("", text)) == []


def test_what_is_left_out_is_there() -> None:
    everything = [block for document in DOCUMENTS for block in blocks(document)]
    for start in ELSEWHERE:
        assert any(block.text.startswith(start) for block in everything), start
