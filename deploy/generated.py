"""Writes the parts of hand-edited files that derive from the flow and the roles.

`python -m faastraingym.deploy.generated` writes them; `--check` compares only.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from faastraingym.adapters.nats.accounts import by_variables, variable
from faastraingym.events.export import tables
from faastraingym.events.pipeline.flow import DEPLOYED
from faastraingym.events.topology.roles import ROLES

ROOT = Path(__file__).resolve().parents[1]
REQUIRED = ":?run deploy/compose/make-env}"


def parts() -> dict[str, list[tuple[str, str]]]:
    """By file: a pattern, whose group stays, and the text that replaces the rest of the match."""
    return {
        "deploy/compose/nats.conf": [(r"()accounts \{.*", by_variables())],
        "docker-compose.yml": [
            (r"(x-nats-passwords: &\S+\n).*?\n(?=\n)", _lines(map(_password, ROLES))),
            (r"(x-function-logins: &\S+\n).*?\n(?=\n)", _lines(_logins())),
        ],
        "deploy/kubernetes/base/network.yaml": [
            (
                r"(key: faas_function\n +operator: In\n +values:\n)(?: +- \S+\n)+",
                _lines(f"        - {name}" for name in DEPLOYED),
            )
        ],
        "docs/security.md": [(r"()\| role \| .*?\n(?=\n)", tables.roles())],
        "docs/observability.md": [(r"()\| metric \| .*?\n(?=\n)", tables.metrics())],
    }


def files(root: Path = ROOT) -> dict[Path, str]:
    """The whole text of every file, its parts made anew.

    Raises ValueError: a file has no such part any more.
    """
    return {root / name: _renewed(root / name, found) for name, found in parts().items()}


def main(arguments: list[str]) -> int:
    """Exit status: 0, or 1 when `--check` finds a file that is not current."""
    old = {path: text for path, text in files().items() if path.read_text() != text}
    if "--check" not in arguments:
        for path, text in old.items():
            path.write_text(text)
        return 0
    for path in old:
        sys.stderr.write(f"{path} is not current; run `make schemas`\n")
    return 1 if old else 0


def _renewed(path: Path, found: Iterable[tuple[str, str]]) -> str:
    text = path.read_text()
    for pattern, lines in found:
        parts = list(re.finditer(pattern, text, re.DOTALL))
        if len(parts) != 1:
            raise ValueError(f"{path}: {len(parts)} parts match {pattern!r}; there is one")
        text = text[: parts[0].start()] + parts[0][1] + lines + text[parts[0].end() :]
    return text


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"  {line}\n" for line in lines)


def _password(role: str) -> str:
    name = variable("FTG_NATS_PASSWORD", role)
    return f"{name}: ${{{name}{REQUIRED}"


def _logins() -> Iterable[str]:
    for role in DEPLOYED:
        password = f"${{{variable('FTG_NATS_PASSWORD', role)}{REQUIRED}"
        yield f"{variable('SECRET_FTG_NATS', role)}: {role}:{password}"
    for role in DEPLOYED:
        access = f"${{{variable('FTG_S3_ACCESS_KEY', role)}:-{role}}}"
        secret = f"${{{variable('FTG_S3_SECRET_KEY', role)}{REQUIRED}"
        yield f"{variable('SECRET_FTG_S3', role)}: {access}:{secret}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
