"""The interface that a gateway needs of a provider."""

from collections.abc import AsyncIterator
from typing import Protocol

from faastraingym.embedded.contract import messages


class Provider(Protocol):
    """Runs functions. Every method raises ProviderError: 404 for an unknown name."""

    async def functions(self) -> list[messages.FunctionStatus]:
        """All deployed functions, sorted by name."""

    async def function(self, name: str, usage: bool = False) -> messages.FunctionStatus:
        """One function; with its current usage only on request, for that takes longer."""

    async def deploy(self, deployment: messages.FunctionDeployment) -> None:
        """Deploy, or replace the function of the same name."""

    async def update(self, deployment: messages.FunctionDeployment) -> None:
        """Replace a deployed function without losing a request."""

    async def delete(self, name: str) -> None:
        """Remove a function; returns when its replicas are gone."""

    async def scale(self, name: str, replicas: int) -> None:
        """Run that many replicas until demand or idleness changes the number."""

    async def secrets(self) -> list[messages.Secret]:
        """Names only."""

    async def create_secret(self, secret: messages.Secret) -> None:
        """409 when it exists."""

    async def update_secret(self, secret: messages.Secret) -> None:
        """404 when it does not exist."""

    async def delete_secret(self, name: str) -> None:
        """404 when it does not exist, 409 while a function uses it."""

    async def logs(self, query: messages.LogQuery) -> AsyncIterator[messages.LogLine]:
        """Lines in order; with `follow`, those to come too. Raises before there is a line."""

    async def info(self) -> messages.ProviderInfo:
        """Body of GET /system/info."""

    async def namespaces(self) -> list[str]:
        """Body of GET /system/namespaces."""

    async def invoke(self, name: str, request: messages.Request) -> messages.Response:
        """Invoke and wait, for a cold start too."""
