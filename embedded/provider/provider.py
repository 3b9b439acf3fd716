"""The process provider behind its contract, in process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from faastraingym import __version__
from faastraingym.embedded.contract import messages
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.files import private_folder, write_private
from faastraingym.embedded.provider.cgroups import Groups, of_home, sweep
from faastraingym.embedded.provider.environment import Launch
from faastraingym.embedded.provider.function import Function, read
from faastraingym.embedded.provider.logs import LogBook
from faastraingym.embedded.provider.memory import MemoryWatch, usage
from faastraingym.embedded.provider.pool import Pool
from faastraingym.embedded.provider.replica import Replica, spawn
from faastraingym.embedded.provider.secrets import SecretStore

INFO = messages.ProviderInfo("faastrain-processes", messages.Version(__version__), "processes")


class Deployed(msgspec.Struct, frozen=True):
    """A deployment and its first day."""

    deployment: messages.FunctionDeployment
    created_at: datetime


class ProcessProvider:
    """Implements embedded.contract.provider.Provider; state and logs lie under `home`."""

    def __init__(
        self,
        launch: Launch,
        budget: Budget | None = None,
        bounds: Callable[[Path], Groups | None] = of_home,
    ) -> None:
        self._launch = launch
        self._budget = budget or Budget()
        self._bounds = bounds
        self._groups: Groups | None = None  # where Linux keeps the memory limits
        private_folder(launch.folder)
        self._file = launch.home / "deployments.json"
        self._secrets = SecretStore(launch.home / "secrets")
        self._logs = LogBook(launch.home / "logs" / "functions")
        self._memory = MemoryWatch(self._live)
        self._pools: dict[str, Pool] = {}

    async def start(self) -> None:
        """Run again what was deployed before; what cannot is left out, and its log says why."""
        sweep(self._launch.home)
        self._groups = self._bounds(self._launch.home)
        for old in load(self._file):
            try:
                self._place(read(old.deployment, self._launch.root, old.created_at))
            except ProviderError as error:
                self._logs.write(old.deployment.service, "provider", error.text)

    async def close(self) -> None:
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    async def functions(self) -> list[messages.FunctionStatus]:
        return [_status(self._pools[name], True) for name in sorted(self._pools)]

    async def function(self, name: str, usage: bool = False) -> messages.FunctionStatus:
        return _status(self._pool(name), usage)

    async def deploy(self, deployment: messages.FunctionDeployment) -> None:
        old = self._pools.get(deployment.service)
        created_at = old.function.created_at if old else datetime.now(UTC)
        self._place(read(deployment, self._launch.root, created_at))
        self._save()

    async def update(self, deployment: messages.FunctionDeployment) -> None:
        self._pool(deployment.service)
        await self.deploy(deployment)

    async def delete(self, name: str) -> None:
        pool = self._pool(name)
        del self._pools[name]
        self._save()
        await pool.close()

    async def scale(self, name: str, replicas: int) -> None:
        pool = self._pool(name)
        if not 0 <= replicas <= pool.function.ceiling:
            text = f"{name} runs 0 to {pool.function.ceiling} replicas; asked for {replicas}."
            raise ProviderError(400, text)
        pool.resize(replicas)

    async def secrets(self) -> list[messages.Secret]:
        return self._secrets.known()

    async def create_secret(self, secret: messages.Secret) -> None:
        self._secrets.create(secret)

    async def update_secret(self, secret: messages.Secret) -> None:
        """Replicas that run see the new value when they read it again."""
        self._secrets.update(secret)
        for pool in self._pools.values():
            self._mount(pool.function)

    async def delete_secret(self, name: str) -> None:
        users = [n for n, p in self._pools.items() if name in (p.function.deployment.secrets or [])]
        if users:
            raise ProviderError(409, f"The secret {name!r} is used by {', '.join(sorted(users))}.")
        self._secrets.delete(name)

    async def logs(self, query: messages.LogQuery) -> AsyncIterator[messages.LogLine]:
        self._pool(query.name)
        return self._logs.read(query)

    async def info(self) -> messages.ProviderInfo:
        return INFO

    async def namespaces(self) -> list[str]:
        return [messages.NAMESPACE]

    async def invoke(self, name: str, request: messages.Request) -> messages.Response:
        return await self._pool(name).invoke(request)

    def _pool(self, name: str) -> Pool:
        pool = self._pools.get(name)
        if pool is None:
            raise ProviderError(404, f"There is no function {name!r}.")
        return pool

    def _place(self, function: Function) -> None:
        self._secrets.require(function.deployment.secrets or [])
        self._mount(function)
        function.code.mount(self._launch.code_of(function))
        if function.name in self._pools:
            self._pools[function.name].redeploy(function)
        else:
            self._pools[function.name] = Pool(function, self._spawn)

    def _mount(self, function: Function) -> None:
        folder = self._launch.secrets_of(function)
        self._secrets.mount(function.deployment.secrets or [], folder)

    async def _spawn(self, function: Function) -> Replica:
        replica = await spawn(self._launch, function, self._logs, self._budget, self._groups)
        self._memory.wake()
        return replica

    def _live(self) -> list[Replica]:
        return [replica for pool in self._pools.values() for replica in pool.live()]

    def _save(self) -> None:
        functions = [pool.function for pool in self._pools.values()]
        deployed = [Deployed(each.deployment, each.created_at) for each in functions]
        write_private(self._file, msgspec.json.encode(deployed))


def _status(pool: Pool, with_usage: bool) -> messages.FunctionStatus:
    fields = msgspec.structs.asdict(pool.function.deployment) | {"namespace": messages.NAMESPACE}
    return messages.FunctionStatus(
        name=fields.pop("service"),
        invocation_count=0.0,
        replicas=pool.size,
        available_replicas=pool.available,
        created_at=pool.function.created_at,
        usage=usage(pool.live()) if with_usage else None,
        **fields,
    )


def load(path: Path) -> list[Deployed]:
    """The stored deployments; none at first; raises StackError: the file is damaged."""
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Deployed])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StackError(f"{path} is damaged ({error}); remove it and deploy again.") from error
