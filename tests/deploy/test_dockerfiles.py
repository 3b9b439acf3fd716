"""Our Dockerfiles need no BuildKit: Docker's classic builder, Kaniko and Buildah read them too."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT

DOCKERFILES = [
    CHECKOUT / "template" / "python3-faastrain" / "Dockerfile",
    CHECKOUT / "deploy" / "compose" / "Dockerfile",
]
# What the classic builder takes (https://docs.docker.com/reference/dockerfile); all else is newer.
FLAGS = {
    "FROM": {"platform"},
    "COPY": {"from", "chown"},
    "ADD": {"chown"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
}
# Set by BuildKit alone.
AUTOMATIC = re.compile(r"\b(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)\b")


def needs_buildkit(text: str) -> Iterator[str]:
    """What of a Dockerfile only BuildKit reads."""
    for line in text.splitlines():
        if re.match(r"#\s*(syntax|check)\s*=", line):
            yield line
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        flags = re.match(r"\s*((?:--\S+\s+)*)", rest)
        for flag in re.findall(r"--([\w-]+)", flags[1] if flags else ""):
            if flag not in FLAGS.get(word.upper(), set()):
                yield f"{word} --{flag}"
        if word.upper() in ("RUN", "COPY", "ADD") and re.search(r"<<-?[\"']?\w", rest):
            yield f"{word} <<"
        if found := AUTOMATIC.search(rest):
            yield found[0]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_dockerfile_of_ours_needs_no_buildkit(file: Path) -> None:
    assert list(needs_buildkit(file.read_text())) == []


def test_there_is_no_other() -> None:
    """Of those that are ours."""
    listed = [path for path in CHECKOUT.glob("[!.]*/**/Dockerfile*") if "build" not in path.parts]
    assert sorted(listed) == sorted(DOCKERFILES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("COPY --from=watchdog --chmod=0755 /a /b", ["COPY --chmod"]),  # as ours once had
        ("FROM --platform=${TARGETPLATFORM:-linux/amd64} a", ["TARGETPLATFORM"]),
        ("RUN --mount=type=cache,target=/c \\\n    pip install a", ["RUN --mount"]),
        ("RUN --network=none --security=insecure a", ["RUN --network", "RUN --security"]),
        ("RUN <<EOF\na\nEOF", ["RUN <<"]),
        ("COPY <<-'EOF' /a\na\nEOF", ["COPY <<"]),
        ("# syntax=docker/dockerfile:1\nFROM a", ["# syntax=docker/dockerfile:1"]),
        ("COPY \\\n  # said between\n  --link a b", ["COPY --link"]),
        (
            "FROM a\nRUN a --mount=b\nCOPY --chown=1 --from=a a b\nHEALTHCHECK --interval=5s CMD a",
            [],
        ),
    ],
)
def test_what_needs_it_is_found(text: str, found: list[str]) -> None:
    assert list(needs_buildkit(text)) == found
