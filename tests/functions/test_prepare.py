"""What an image brings compiled is what its learner would compile."""

import os
import sys
from pathlib import Path
from subprocess import run

from faastraingym.embedded.deployments import of_stack
from faastraingym.functions.update_policy import compiling

ROOT = Path(__file__).parents[2]
PREPARE = """
import sys
from pathlib import Path
from faastraingym.functions.update_policy.prepare import main
main(Path(sys.argv[1]), [Path(sys.argv[2])])
"""
LEARN = """
import sys, tomllib
from pathlib import Path
import faastraingym.functions.update_policy.handler
from faastraingym.functions.update_policy.prepare import learn
from faastraingym.algorithms.registry import parse
learn(parse(tomllib.loads(Path(sys.argv[1]).read_text())))
"""
SPECIFICATION = """
environment = {id = "CartPole-v1", num_envs = 2}
algorithm = {name = "ppo", num_minibatches = 2, update_epochs = 2, hidden_sizes = [8]}
rollout = {num_steps = 8}
stop = {env_steps = 100}
"""


def programs(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*-cache")}


def test_a_learner_finds_what_its_image_brings(tmp_path: Path) -> None:
    """With the environment that stack.yml gives it, it compiles nothing more."""
    file, brought, cache = tmp_path / "spec.toml", tmp_path / "brought", tmp_path / "cache"
    file.write_text(SPECIFICATION)
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    run([sys.executable, "-c", PREPARE, brought, file], env=home, check=True)
    assert programs(brought)
    compiling.unpack(brought, str(cache))
    assert programs(cache) == programs(brought)
    deployed = of_stack(ROOT / "stack.yml", {"FTG_COMPILATION_CACHE": str(cache)})
    (told,) = (one.env_vars or {} for one in deployed if one.service == "update-policy")
    assert told["JAX_COMPILATION_CACHE_DIR"] == str(cache)
    run([sys.executable, "-c", LEARN, file], env=home | told, check=True)
    assert programs(cache) == programs(brought)


def test_an_image_that_brings_nothing_is_no_error(tmp_path: Path) -> None:
    """As in a checkout, where nothing was built."""
    compiling.unpack(tmp_path / "nothing", str(tmp_path / "cache"))
    compiling.unpack(tmp_path, None)
    assert not (tmp_path / "cache").exists()
