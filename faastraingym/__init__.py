"""FaaSTrainGym: serverless reinforcement-learning training on OpenFaaS, NATS and S3.

    import faastraingym

    run = faastraingym.train("CartPole-v1")
    policy = run.policy()
    action, _ = policy.predict(observation)

`train` starts a stack of its own on this machine unless one runs; `Client` names another one. This
package is the repository's own folders, linked: `events/` is `faastraingym.events`, and so on
(ADR 35). The names below are loaded when they are first used.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faastraingym.client.api import train as train
    from faastraingym.client.async_client import AsyncClient as AsyncClient
    from faastraingym.client.async_run import AsyncRun as AsyncRun
    from faastraingym.client.client import Client as Client
    from faastraingym.client.comparison import Comparison as Comparison
    from faastraingym.client.errors import BadInput as BadInput
    from faastraingym.client.errors import Error as Error
    from faastraingym.client.errors import RunFailed as RunFailed
    from faastraingym.client.errors import StackTrouble as StackTrouble
    from faastraingym.client.experiment import Experiment as Experiment
    from faastraingym.client.experiments import AsyncExperiment as AsyncExperiment
    from faastraingym.client.playing import evaluate as evaluate
    from faastraingym.client.playing import record_video as record_video
    from faastraingym.client.policy import Policy as Policy
    from faastraingym.client.remote_environments import remote_env as remote_env
    from faastraingym.client.run import Run as Run

__version__ = "0.1.0"
# stack.yml, template/, functions/, examples/ and deploy/ lie here, in a checkout as installed.
PACKAGE = Path(__file__).parent

_MODULES = {
    "AsyncClient": "async_client",
    "AsyncExperiment": "experiments",
    "AsyncRun": "async_run",
    "BadInput": "errors",
    "Client": "client",
    "Comparison": "comparison",
    "Error": "errors",
    "Experiment": "experiment",
    "Policy": "policy",
    "Run": "run",
    "RunFailed": "errors",
    "StackTrouble": "errors",
    "evaluate": "playing",
    "record_video": "playing",
    "remote_env": "remote_environments",
    "train": "api",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.client.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
