"""stack.yml as deployments."""

from pathlib import Path

import pytest

from faastraingym.embedded.contract.messages import Resources
from faastraingym.embedded.deployments import of_stack, scale_labels
from faastraingym.embedded.errors import StackError
from faastraingym.events.topology.quantities import MEMORY_LIMIT, mebibytes
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS


def test_the_stack_for_tests_is_read() -> None:
    """Variables substituted, scale labels added, everything text."""
    environment = {"GREETING": "hi", "FTG_SCALE_LABELS": scale_labels("3s")}
    echo, dump = of_stack(FUNCTIONS / "stack.yml", environment)
    assert echo.env_vars == {"max_inflight": "4", "greeting": "hi"}
    assert echo.labels is not None
    assert echo.labels["com.openfaas.scale.zero"] == "true"
    assert echo.labels["com.openfaas.scale.zero-duration"] == "3s"
    assert dump.secrets == ["ftg-nats-dump", "ftg-s3-dump", "ftg-signing-key"]
    assert dump.limits == Resources(memory="128Mi")


def test_the_pipelines_own_stack_scales_to_zero_here_and_not_by_default() -> None:
    """The same file for a laptop and for Community Edition."""
    for labels, zero in ((scale_labels("10s"), "true"), ("", None)):
        for function in of_stack(CHECKOUT / "stack.yml", {"FTG_SCALE_LABELS": labels}):
            assert function.labels is not None
            assert function.labels.get("com.openfaas.scale.zero") == zero


@pytest.mark.parametrize("file", ["stack.yml", "benchmarks/stack.yml"])
@pytest.mark.parametrize(
    "told", [{}, {"FTG_LEARNER_MEMORY": "3Gi"}, {"FTG_ROLLOUT_MEMORY": "1.5G"}], ids=str
)
def test_every_function_is_told_its_own_limit(file: str, told: dict[str, str]) -> None:
    """Written once; by it a stage meters itself, wherever it runs."""
    for function in of_stack(CHECKOUT / file, told):
        assert function.limits is not None
        assert function.env_vars is not None
        assert function.env_vars[MEMORY_LIMIT] == function.limits.memory
        assert mebibytes(function.limits.memory) > 0


@pytest.mark.parametrize("told", [{}, {"FTG_LEARNER_MEMORY": "3Gi", "FTG_ROLLOUT_MEMORY": "1Gi"}])
def test_start_run_is_told_what_a_specification_may_ask_for(told: dict[str, str]) -> None:
    """The limits of those who will do the work."""
    found = {function.service: function for function in of_stack(CHECKOUT / "stack.yml", told)}
    variables = found["start-run"].env_vars or {}
    for name, worker in (
        ("ROLLOUT", "rollout"),
        ("ROLLOUT", "evaluate"),
        ("LEARNER", "update-policy"),
    ):
        limits = found[worker].limits
        assert limits is not None
        assert variables[f"FTG_{name}_MEMORY"] == limits.memory


def test_a_function_without_image_is_named(tmp_path: Path) -> None:
    """With its file."""
    file = tmp_path / "stack.yml"
    file.write_text("functions: {lonely: {lang: x}}")
    with pytest.raises(StackError, match=r"stack\.yml: functions\.lonely has no `image`"):
        of_stack(file, {})


def test_nothing_is_an_empty_text(tmp_path: Path) -> None:
    """As faas-cli reads it, not the word None."""
    file = tmp_path / "stack.yml"
    file.write_text("functions: {bare: {image: x/bare, environment: {A: ${B}, C: yes, D: 2}}}")
    assert of_stack(file, {})[0].env_vars == {"A": "", "C": "true", "D": "2"}


def test_a_wrong_type_is_named(tmp_path: Path) -> None:
    """With its path in the file."""
    file = tmp_path / "stack.yml"
    file.write_text("functions: {odd: {image: x/odd, secrets: 3}}")
    with pytest.raises(StackError, match=r"functions\.odd.*secrets"):
        of_stack(file, {})
