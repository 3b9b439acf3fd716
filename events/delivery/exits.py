"""How a process ended, in the words that a provider, a check and a run's reason share."""

import signal

DIED = "ended its process"  # the published text; the cause follows in brackets
KILLED = "SIGKILL"  # a machine that runs out of memory sends it, too


def ending(code: int) -> str:
    """Of a return code as `subprocess` gives it: `exit code 3`, `signal SIGSEGV`."""
    try:
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"signal {-code}"
