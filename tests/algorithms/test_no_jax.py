import sys
from subprocess import check_output

SCRIPT = """
import sys
from faastraingym.algorithms import rewards, seeding, statistics
from faastraingym.algorithms.actors import collect, episodes, evaluate
from faastraingym.algorithms.actor_critic import acting
from faastraingym.algorithms.ppo import acting
from faastraingym.algorithms.environments import on_jax, spaces
from faastraingym.algorithms.registry import parse
from faastraingym.functions.evaluate import handler
from faastraingym.functions.rollout import handler
from faastraingym.algorithms.networks import arrays, description, forward, problems
print(sorted({"jax", "flax", "optax"} & set(sys.modules)))
"""


def test_all_but_the_learner_starts_without_jax() -> None:
    """The cold start of a rollout is a NumPy import, not JAX's two seconds."""
    assert check_output([sys.executable, "-c", SCRIPT], text=True).strip() == "[]"
