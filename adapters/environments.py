"""Environments that are not Gymnasium's own: modules that register ids when they are imported.

The operator names the modules in `FTG_ENVIRONMENTS`. A specification names a registered id and
never a module, so whoever may start a run cannot choose what is imported.
"""

import importlib
from collections.abc import Iterable

from adapters.errors import SettingsError


def register(modules: Iterable[str]) -> None:
    """Import the modules; what they register can be used from then on.

    Raises:
        SettingsError: there is no such module, or it needs one that is not there.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise SettingsError(
                f"FTG_ENVIRONMENTS names {name}, which cannot be imported ({error}); install its "
                "package, or correct the name"
            ) from error
