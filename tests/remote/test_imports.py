"""A machine that only steps environments needs what the extra `remote` names, and nothing else."""

import subprocess
import sys
import tomllib

from packaging.requirements import Requirement

from tests.checkout import CHECKOUT
from tests.remote.local_server import TOKEN, Server

EXTRAS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
# What Gymnasium itself requires; `gymnasium` alone has no CartPole's pictures.
OF_GYMNASIUM = {"cloudpickle", "farama_notifications", "typing_extensions"}
PLAYS = """
import sys
from importlib.machinery import PathFinder

class Absent(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and name not in {needed} | sys.stdlib_module_names | {{"faastraingym"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Absent)
import gymnasium
import faastraingym.remote

env = gymnasium.make("faastrain/Remote-v0", url={url!r}, env_id="CartPole-v1", token={token!r})
env.reset(seed=1)
print(env.step(1)[0].dtype)
env.close()
envs = gymnasium.make_vec(
    "faastrain/Remote-v0", 2, url={url!r}, env_id="CartPole-v1", token={token!r}
)
envs.reset(seed=1)
print(envs.step([0, 1])[0].shape)
print(sorted(name for name in sys.modules if name.startswith("faastraingym.")))
"""
LOADED = [
    "faastraingym.algorithms",
    "faastraingym.algorithms.environments",
    "faastraingym.algorithms.environments.space_data",
    "faastraingym.remote",
    "faastraingym.remote.connection",
    "faastraingym.remote.environment",
    "faastraingym.remote.errors",
    "faastraingym.remote.session",
    "faastraingym.remote.spaces",
    "faastraingym.remote.vector",
    "faastraingym.schemas",
    "faastraingym.schemas.acting",
    "faastraingym.schemas.answers",
    "faastraingym.schemas.arrays",
    "faastraingym.schemas.env_step",
    "faastraingym.schemas.errors",
    "faastraingym.schemas.references",
    "faastraingym.schemas.specification",
]


def test_it_steps_where_nothing_else_is_installed(server: Server) -> None:
    """In a new interpreter, to which every other package is absent; it ends without a word."""
    needed = {Requirement(line).name for line in EXTRAS["optional-dependencies"]["remote"]}
    code = PLAYS.format(needed=needed | OF_GYMNASIUM, url=server.url, token=TOKEN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, timeout=100.0
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["float32", "(2, 4)", str(LOADED)]


def test_what_it_needs_is_within_what_everything_needs() -> None:
    """So that the extra adds nothing to a whole installation."""
    whole = {Requirement(line).name for line in EXTRAS["dependencies"]}
    needed = {Requirement(line).name for line in EXTRAS["optional-dependencies"]["remote"]}
    assert needed <= whole
