"""A reward function's image needs what the extra `rewards` names, and nothing else."""

import subprocess
import sys
import tomllib

from packaging.requirements import Requirement

from tests.checkout import CHECKOUT
from tests.reward_servers import EXAMPLE

EXTRAS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
IMPORTS = """
import sys
from importlib.machinery import PathFinder

class Absent(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and name not in {needed} | sys.stdlib_module_names | {{"faastraingym"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Absent)
exec(open({handler!r}).read())
print(sorted(name for name in sys.modules if name.startswith("faastraingym.")))
"""
LOADED = [
    "faastraingym.rewards",
    "faastraingym.rewards.function",
    "faastraingym.rewards.reading",
    "faastraingym.rewards.signature",
    "faastraingym.schemas",
    "faastraingym.schemas.array_specs",
    "faastraingym.schemas.arrays",
    "faastraingym.schemas.errors",
    "faastraingym.schemas.payloads",
    "faastraingym.schemas.references",
    "faastraingym.schemas.reward_call",
]


def test_the_example_is_imported_where_nothing_else_is_installed() -> None:
    """In a new interpreter, to which every other package is absent."""
    needed = {Requirement(line).name for line in EXTRAS["optional-dependencies"]["rewards"]}
    code = IMPORTS.format(needed=needed, handler=str(EXAMPLE / "centred" / "handler.py"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, timeout=100.0
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [str(LOADED)]
