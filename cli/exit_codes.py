"""The meaning of the `faastrain` command's exit codes."""

from enum import IntEnum

from faastraingym.client.errors import BadInput, Error, RunFailed


class ExitCode(IntEnum):
    """Exit codes; `faastrain --help` lists them."""

    DONE = 0
    BUDGET_SPENT = 1
    RUN_FAILED = 2
    BAD_INPUT = 3
    STACK_TROUBLE = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANING: dict[ExitCode, str] = {
    ExitCode.DONE: "target reached (or none was set); any other command succeeded",
    ExitCode.BUDGET_SPENT: "the run ended below its target, or a gate's bound is not kept",
    ExitCode.RUN_FAILED: "the run failed; its reason and report say why",
    ExitCode.BAD_INPUT: "bad usage, specification or file; no such run or function",
    ExitCode.STACK_TROUBLE: "trouble with the stack: a server, port, disk or program",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; a run that was started continues",
    ExitCode.BROKEN_PIPE: "the program that read the output closed it; train goes on",
}


def of_run(status: str, reason: str, target: float | None) -> ExitCode:
    """The code of a run that ended: `completed` by target, budget or stopped, or `failed`."""
    if status == "failed":
        return ExitCode.RUN_FAILED
    if reason == "target" or (reason == "budget" and target is None):
        return ExitCode.DONE
    return ExitCode.BUDGET_SPENT


def of_error(error: Error) -> ExitCode:
    """The code of a command that this error ended."""
    if isinstance(error, BadInput):
        return ExitCode.BAD_INPUT
    return ExitCode.RUN_FAILED if isinstance(error, RunFailed) else ExitCode.STACK_TROUBLE


def epilog() -> str:
    """The codes for `--help`."""
    lines = [f"  {code.value:>3}  {meaning}" for code, meaning in MEANING.items()]
    return "exit codes:\n" + "\n".join(lines)
