import pytest

from faastraingym.cli.exit_codes import ExitCode, epilog, of_run


@pytest.mark.parametrize(
    ("status", "reason", "target", "code"),
    [
        ("completed", "target", 475.0, ExitCode.DONE),
        ("completed", "budget", None, ExitCode.DONE),
        ("completed", "budget", 475.0, ExitCode.BUDGET_SPENT),
        ("completed", "stopped", 475.0, ExitCode.BUDGET_SPENT),
        ("completed", "stopped", None, ExitCode.BUDGET_SPENT),
        ("failed", "whatever", None, ExitCode.RUN_FAILED),
        ("failed", "target", 1.0, ExitCode.RUN_FAILED),
    ],
)
def test_each_ending_has_its_code(
    status: str, reason: str, target: float | None, code: ExitCode
) -> None:
    """A budget is a success only when there was no target to miss."""
    assert of_run(status, reason, target) == code


def test_every_code_is_documented() -> None:
    """`--help` lists the number of each."""
    for code in ExitCode:
        assert f" {code.value}  " in epilog()
