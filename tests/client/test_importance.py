"""How important settings are, by Optuna itself."""

import itertools
import subprocess
import sys

import optuna
import pytest

from faastraingym.client.importance import weigh
from faastraingym.events.views.comparison import Weighed

RATES, GAMMAS = (1e-4, 1e-3, 1e-2), (0.9, 0.95, 0.99)


def grid(score) -> list[Weighed]:
    return [
        Weighed({"rate": rate, "gamma": gamma, "net": ["a", "b"][i % 2]}, score(rate, gamma))
        for i, (rate, gamma) in enumerate(itertools.product(RATES, GAMMAS))
    ]


@pytest.mark.parametrize(
    ("name", "score"),
    [("rate", lambda rate, gamma: -rate), ("gamma", lambda rate, gamma: gamma)],
)
def test_the_setting_on_which_scores_depend_has_the_greatest_share(name: str, score) -> None:
    found = weigh(grid(score))
    assert next(iter(found.shares)) == name
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.method == f"PED-ANOVA of Optuna {optuna.__version__}, best 5 of 9"


def test_the_same_configurations_have_the_same_shares() -> None:
    told = grid(lambda rate, gamma: gamma - rate)
    assert weigh(told) == weigh(told)


def test_lists_tables_and_absent_settings_are_categories() -> None:
    """As the sizes of layers are, and a setting that another algorithm has not."""
    values: list[dict] = [{"sizes": [8]}, {"sizes": [8, 8]}, {}, {"sizes": {"a": True}}]
    found = weigh([Weighed(one, float(i)) for i, one in enumerate(values)])
    assert list(found.shares) == ["sizes"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (grid(lambda rate, gamma: gamma)[:3], "needs 4 configurations"),
        (grid(lambda rate, gamma: 1.0), "all configurations have the same score"),
        ([Weighed({}, float(i)) for i in range(9)], "needs 4"),
    ],
)
def test_where_nothing_can_be_told_it_says_why(told: list[Weighed], why: str) -> None:
    found = weigh(told)
    assert found.shares == {}
    assert why in found.method


@pytest.mark.parametrize(("runs", "imports"), [(3, False), (4, True)])
def test_optuna_is_imported_only_where_runs_may_be_enough(runs: int, imports: bool) -> None:
    code = (
        "import sys; from faastraingym.client.importance import prepare; "
        f"prepare({runs}); print('optuna' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(imports)
