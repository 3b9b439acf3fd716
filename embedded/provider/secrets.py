"""Secrets: files that only their owner reads, copied into a folder per function."""

from collections.abc import Sequence
from pathlib import Path

from faastraingym.embedded.contract.messages import NAMESPACE, Secret
from faastraingym.embedded.contract.names import check_secret_name
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.files import private_folder, write_private


class SecretStore:
    """One file per secret, in a folder of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)

    def known(self) -> list[Secret]:
        """Names only."""
        return [Secret(name=name, namespace=NAMESPACE) for name in self._names()]

    def create(self, secret: Secret) -> None:
        """409 when it exists."""
        if check_secret_name(secret.name) in self._names():
            raise ProviderError(409, f"There is already a secret {secret.name!r}; update it.")
        self._write(secret)

    def update(self, secret: Secret) -> None:
        """404 when it does not exist."""
        self._require(secret.name)
        self._write(secret)

    def delete(self, name: str) -> None:
        """404 when it does not exist."""
        self._require(name).unlink()

    def require(self, names: Sequence[str]) -> None:
        """400, naming the secrets that are missing."""
        missing = sorted(set(names) - set(self._names()))
        if missing:
            text = f"Unknown secrets: {', '.join(missing)}; create them with faas-cli secret."
            raise ProviderError(400, text)

    def mount(self, names: Sequence[str], folder: Path) -> None:
        """Copy the named secrets into `folder`, and nothing else."""
        private_folder(private_folder(folder.parent) / folder.name)
        for stale in set(folder.iterdir()) - {folder / name for name in names}:
            stale.unlink()
        for name in names:
            write_private(folder / name, (self._folder / name).read_bytes())

    def _write(self, secret: Secret) -> None:
        value = secret.raw_value or secret.value.encode()
        if not value:
            raise ProviderError(400, f"The secret {secret.name!r} has no value.")
        write_private(self._folder / secret.name, value)

    def _require(self, name: str) -> Path:
        if check_secret_name(name) not in self._names():
            raise ProviderError(404, f"There is no secret {name!r}.")
        return self._folder / name

    def _names(self) -> list[str]:
        return sorted(p.name for p in self._folder.iterdir() if not p.name.startswith("."))
