"""Which modules of environments a specification is checked with: those that the functions import.

They are looked for among what is installed, then beside functions/, then in the folder in which
`faastrain up` or `train` started the stack. A running stack keeps what it was started with.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from faastraingym.adapters.settings import ENVIRONMENTS, ENVIRONMENTS_FOLDER, environment_modules
from faastraingym.cli import target
from faastraingym.cli.errors import StackTrouble

if TYPE_CHECKING:
    from faastraingym.embedded.state import StackState


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a check.

    Raises:
        StackTrouble: FTG_ENVIRONMENTS names other modules than those of the stack that runs.
        SettingsError: it names none.
    """
    from faastraingym.embedded.settings import import_paths
    from faastraingym.embedded.stack import here
    from faastraingym.events.topology import stack_file

    told = here(environment)
    root = stack_file.path(environment).resolve().parent
    state = None if target.is_cluster(environment) else target.running(environment)
    if state is not None:
        _refuse_others(told, state)
        told |= {ENVIRONMENTS: state.environments, ENVIRONMENTS_FOLDER: state.environments_folder}
        root = Path(state.stack_file).parent
    return told | {"PYTHONPATH": os.pathsep.join(map(str, import_paths(root)))}  # as a replica's


def _refuse_others(told: Mapping[str, str], state: "StackState") -> None:
    """Of a variable that is set now, and not as it was."""
    wanted, has = environment_modules(told), state.environments
    folder = told[ENVIRONMENTS_FOLDER]
    moved = folder != state.environments_folder
    others = moved and any(Path(folder, name).exists() for name in _files(wanted))
    if wanted and (wanted != environment_modules({ENVIRONMENTS: has}) or others):
        where = f" of {state.environments_folder}" if has else ""
        raise StackTrouble(
            f"FTG_ENVIRONMENTS is {','.join(wanted)} of {folder}, but the running stack was "
            f"started with {has or 'none'}{where}; `faastrain down` first"
        )


def _files(modules: tuple[str, ...]) -> list[str]:
    tops = [name.partition(".")[0] for name in modules]
    return [*tops, *(f"{top}.py" for top in tops)]
