"""How important settings are, by Optuna, which is an extra."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from faastraingym.events.views.comparison import Weighed
from faastraingym.schemas.comparison import Importance

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

INSTALL = 'Optuna is not installed; `pip install "faastraingym[experiments]"`'
LEAST = 4  # configurations, of which the better half is two
WANTED = 5  # among the best ones, as Optuna's documentation advises


def prepare(runs: int) -> None:
    """Import Optuna, if `runs` may be enough for it, beside reading them, which takes as long."""
    if runs >= LEAST:
        with suppress(ImportError):
            import optuna  # noqa: F401


def weigh(found: Sequence[Weighed]) -> Importance:
    """The share of each setting in what the best configurations have in common, by PED-ANOVA.

    Watanabe, Bansal, Hutter 2023 (arXiv 2304.10255), on the means of scores. The best are a
    tenth of the configurations, five at least, half of them at most.
    """
    paths = list(dict.fromkeys(path for one in found for path in one.settings))
    if not paths or len(found) < LEAST:
        return Importance(shares={}, method=f"needs {LEAST} configurations with scores")
    if len({one.mean for one in found}) == 1:
        return Importance(shares={}, method="none: all configurations have the same score")
    try:
        import optuna
    except ImportError:
        return Importance(shares={}, method=INSTALL)
    told = optuna.logging.get_verbosity()  # a caller's own choice
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    optuna.logging.set_verbosity(told)
    kinds = {path: _distribution([one.settings.get(path) for one in found]) for path in paths}
    study.add_trials([_trial(one, kinds) for one in found])
    share = min(0.5, max(0.1, WANTED / len(found)))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    best = math.ceil(share * len(found))
    return Importance(
        shares={path: float(value) for path, value in shares.items()},
        method=f"PED-ANOVA of Optuna {optuna.__version__}, best {best} of {len(found)}",
    )


def _trial(one: Weighed, kinds: "dict[str, BaseDistribution]") -> "FrozenTrial":
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import create_trial

    chosen = {
        path: _plain(one.settings.get(path))
        if isinstance(kind, CategoricalDistribution)
        else one.settings[path]
        for path, kind in kinds.items()
    }
    return create_trial(params=chosen, distributions=kinds, value=one.mean)


def _distribution(values: Sequence[Any]) -> "BaseDistribution":
    """Numbers between the least and the greatest one, by their logarithms where these are even."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values) or len(set(numbers)) == 1:
        return CategoricalDistribution(list(dict.fromkeys(map(_plain, values))))
    low, high = min(numbers), max(numbers)
    is_log = low > 0 and high / low >= 10
    if isinstance(low, int) and isinstance(high, int) and all(isinstance(v, int) for v in numbers):
        return IntDistribution(low, high, log=is_log)
    return FloatDistribution(low, high, log=is_log)


def _plain(value: Any) -> Any:
    """What Optuna takes as a category; of other values their JSON."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return msgspec.json.encode(value, order="sorted").decode()
