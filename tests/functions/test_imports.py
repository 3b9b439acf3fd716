"""Cold starts: only the learner imports JAX."""

import subprocess
import sys

import pytest

LIGHT = (
    "start_run",
    "rollout",
    "aggregate_rewards",
    "plan_update",
    "evaluate",
    "conclude_run",
    "reconcile",
)
HEAVY_LIBRARIES = ("jax", "flax", "optax")


def imported_by(function: str) -> set[str]:
    """The modules that a fresh process has after importing a function's handler."""
    program = f"import sys, functions.{function}.handler; print(*sys.modules)"
    listing = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(listing.stdout.split())


@pytest.mark.parametrize("function", LIGHT)
def test_a_light_stage_does_not_import_jax(function: str) -> None:
    """Not even through something that it imports."""
    assert imported_by(function).isdisjoint(HEAVY_LIBRARIES)


def test_the_learner_does() -> None:
    """The check above can fail."""
    assert imported_by("update_policy").issuperset(HEAVY_LIBRARIES)


def test_only_the_report_draws() -> None:
    """matplotlib costs half a second and 60 MB: conclude-run alone pays."""
    assert "matplotlib" in imported_by("conclude_run")
    assert "matplotlib" not in imported_by("rollout")
