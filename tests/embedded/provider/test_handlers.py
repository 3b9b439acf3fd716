"""Which handlers are served, as their source says."""

from pathlib import Path

import pytest

from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.handlers import check_handler
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS

OURS = sorted(
    path
    for root in (CHECKOUT, FUNCTIONS, CHECKOUT / "benchmarks")
    for path in (root / "functions").glob("*/handler.py")
)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "handler.py"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


@pytest.mark.parametrize(
    "file",
    [*OURS, CHECKOUT / "template" / "python3-faastrain" / "function" / "handler.py"],
    ids=lambda path: path.parent.name,
)
def test_every_handler_of_ours_is_taken(file: Path) -> None:
    """Coroutines, stages by decorator, objects."""
    check_handler(file)


@pytest.mark.parametrize(
    "text",
    [
        "async def handle(body, headers): ...",
        "async def handle(body, headers, more=1): ...",
        "async def handle(*both): ...",
        "@stage\ndef handle(event, context): ...",
        "from .serving import handle",
        "from .serving import serve as handle",
        "from .serving import *",
        "handle = Handler()",
        "handle: Handler = Handler()",
        "try:\n    from fast import handle\nexcept ImportError:\n    handle = slow",
        "def handle(event, context): ...\nhandle = adapted(handle)",
        "\ufeffasync def handle(body, headers): ...",
        b"# coding: latin-1\n# \xe4\nasync def handle(body, headers): ...",
    ],
)
def test_what_may_be_a_coroutine_of_two_is_taken(text: str | bytes, tmp_path: Path) -> None:
    """Only running it would tell more."""
    check_handler(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (  # what `faas-cli new --lang python3-http` writes
            'def handle(event, context):\n    return {"statusCode": 200, "body": "Hello"}\n',
            r"handler\.py:1 has `def handle\(event, context\)`, which is a handler of the "
            r"template python3-http and is not served here; write `async def handle\(body",
        ),
        ("def handle(req): ...", r"`def handle\(req\)`, which is no coroutine"),  # python3
        ("def handle(req: bytes) -> str: ...", r"`def handle\(req: bytes\)`"),
        ("if True:\n    def handle(event, context): ...", r"handler\.py:2 .*python3-http"),
        ("async def handle(event): ...", r"`async def handle\(event\)`, which cannot be called"),
        ("async def handle(a, b, c): ...", "cannot be called with a body and headers"),
        ("async def handle(a, b, *, c): ...", "cannot be called"),
        ("def main(event, context): ...", "has no `handle`; write"),
        ("class A:\n    def handle(self): ...", "has no `handle`"),
        ("", "has no `handle`"),
        (
            "async def handle(body, headers:\n",
            r"handler\.py:1 is not valid Python: '\(' was never closed",
        ),
        (b"async def handle(body, headers): '\xff'", "is not valid Python"),
        (b"\0", "handler.py"),
        ("a = " + "(" * 5000 + ")" * 5000, "handler.py"),
    ],
)
def test_what_is_not_served_is_refused_with_what_to_do(
    text: str | bytes, words: str, tmp_path: Path
) -> None:
    """Before it is deployed; a sentence of one line."""
    with pytest.raises(ProviderError, match=words) as caught:
        check_handler(written(tmp_path, text))
    assert caught.value.status == 400
    assert "\n" not in caught.value.text
