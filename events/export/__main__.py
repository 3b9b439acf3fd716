"""`python -m faastraingym.events.export [--check] docs`: writes, or compares, the exported schemas.

docs/schemas/*.json are JSON Schemas, docs/asyncapi.yaml is an AsyncAPI 3.0 document,
docs/pipeline.svg is the flow as a picture.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml

from faastraingym import __version__
from faastraingym.algorithms import registry
from faastraingym.events.export import asyncapi, picture
from faastraingym.events.topology import stack_file
from faastraingym.schemas import export

ROOT = Path(__file__).resolve().parents[2]


def files() -> dict[str, str]:
    """The text of every exported file by its path below docs/."""
    functions = stack_file.functions(stack_file.load(ROOT / "stack.yml", {}))
    document = asyncapi.document(__version__, functions)
    return {
        **{
            f"schemas/{name}.json": json.dumps(schema, indent=2) + "\n"
            for name, schema in export.documents(registry.specification()).items()
        },
        "asyncapi.yaml": yaml.safe_dump(document, sort_keys=False, width=100),
        "pipeline.svg": picture.svg(),
    }


def main(arguments: list[str]) -> int:
    """Exit status: 0, or 1 when `--check` finds a file that is not current."""
    parser = argparse.ArgumentParser(
        prog="python -m faastraingym.events.export", description=__doc__
    )
    parser.add_argument("docs", type=Path, help="the folder of documents")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args(arguments)
    found = {options.docs / name: text for name, text in files().items()}
    old = [path for path in found if not path.is_file() or path.read_text() != found[path]]
    for path in old:
        if options.check:
            sys.stderr.write(f"{path} is not current; run `make schemas`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found[path])
    return 1 if options.check and old else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
