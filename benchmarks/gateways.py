"""A stack's gateway, as a benchmark knocks at it."""

import base64
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
import urllib3

from benchmarks.checkout import CHECKOUT
from faastraingym.embedded import processes
from faastraingym.embedded.state import StackState
from faastraingym.events.topology import stack_file

STACK = CHECKOUT / "stack.yml"
Headers = dict[str, str]


class AsyncAdmission:
    """The gateway, and the processes behind it."""

    def __init__(self, state: StackState) -> None:
        self._url, self._home = state.gateway_url, Path(state.home)
        password = Path(state.password_file).read_text().strip()
        token = base64.b64encode(f"{state.gateway_user}:{password}".encode()).decode()
        self._admin = {"Authorization": f"Basic {token}"}
        self._pool = urllib3.PoolManager(retries=False, timeout=60.0)

    def invoke(self, function: str, body: bytes, headers: Headers, status: int) -> None:
        """One synchronous invocation.

        Raises:
            RuntimeError: the answer is not `status`.
        """
        self._post(f"/function/{function}", body, headers, status)

    def from_zero(self, function: str, body: bytes, headers: Headers, status: int) -> float:
        """Seconds that the first request to a function at zero takes.

        Raises:
            RuntimeError: the answer is another one.
        """
        self.to_zero(function)
        begun = time.perf_counter()
        self.invoke(function, body, headers, status)
        return time.perf_counter() - begun

    def environment(self, function: str) -> dict[str, str]:
        """What a living replica of a function was told.

        Raises:
            RuntimeError: there is none.
        """
        for replica in self._replicas(function):
            return replica.environ()
        raise RuntimeError(f"{function} has no replica")

    def all_to_zero(self) -> None:
        """End every replica of every function of this repository's stack."""
        for function in stack_file.functions(stack_file.load(STACK)):
            self.to_zero(function.name)

    def to_zero(self, function: str) -> None:
        """End every replica of a function."""
        body = msgspec.json.encode({"serviceName": function, "replicas": 0})
        self._post(f"/system/scale-function/{function}", body, self._admin, 202)
        stayed = psutil.wait_procs(self._replicas(function), timeout=15.0)[1]
        if stayed:
            raise RuntimeError(f"{function}: the processes {stayed} did not end")

    def kill(self, function: str) -> None:
        """SIGKILL to every replica of a function that there is."""
        for replica in self._replicas(function):
            with suppress(psutil.NoSuchProcess):
                replica.kill()

    def _replicas(self, function: str) -> list[psutil.Process]:
        """A function's processes; one that ends meanwhile is none."""
        found = []
        for process in processes.of_stack(self._home):
            try:
                if process.environ().get("FTG_FUNCTION") == function:
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def _post(self, path: str, body: bytes, headers: Headers, status: int) -> None:
        answer = self._pool.request("POST", self._url + path, body=body, headers=headers)
        if answer.status != status:
            said = answer.data[:500].decode(errors="replace")
            raise RuntimeError(f"{path} answered {answer.status}, not {status}: {said}")
