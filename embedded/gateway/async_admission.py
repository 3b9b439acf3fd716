"""Admission to /async-function: a refused request is counted, and never reaches the broker."""

import os
from pathlib import Path
from typing import Literal, NamedTuple

from faastraingym.adapters.errors import SettingsError, SignatureError
from faastraingym.adapters.http import admission
from faastraingym.adapters.http.admission import Asked, Secrets
from faastraingym.adapters.http.callers import CALLER_TOKENS
from faastraingym.adapters.settings import (
    SECRETS,
    SIGNING_KEY,
    TRIGGER_TOKEN,
    caller_tokens,
    secret,
)
from faastraingym.embedded.contract.bodies import whole
from faastraingym.embedded.contract.messages import FunctionStatus, Request
from faastraingym.embedded.contract.settings import ServerSettings
from faastraingym.embedded.errors import ProviderError
from faastraingym.events.delivery import callbacks
from faastraingym.events.delivery.callbacks import Policy, origin
from faastraingym.events.delivery.requests import PATH
from faastraingym.events.topology.admits import ANYBODY, admits

QUOTA_SECONDS = 10  # after which a client that was over the quota may ask again
Reason = Literal["not-admitted", "over-quota", "callback"]


class Refusal(ProviderError):  # noqa: N818  the condition's own name
    """A refusal that is counted, by function and reason."""

    def __init__(
        self, status: int, text: str, function: str, reason: Reason, retry_after: int | None = None
    ) -> None:
        super().__init__(status, text, retry_after)
        self.function, self.reason = function, reason


class Keys:
    """The secrets that requests are held to, as their files have them now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = [str(folder / name) for name in (SIGNING_KEY, TRIGGER_TOKEN, CALLER_TOKENS)]
        self._read: tuple[tuple[int, ...], Secrets] | None = None

    def __call__(self) -> Secrets:
        """The secrets; raises ProviderError: 503, one cannot be read."""
        try:
            as_of = tuple(os.stat(file).st_mtime_ns for file in self._files)
            if self._read is None or self._read[0] != as_of:
                key, token = (secret(self._folder, name) for name in (SIGNING_KEY, TRIGGER_TOKEN))
                self._read = as_of, Secrets(key, token, caller_tokens(self._folder))
        except (OSError, SettingsError) as error:
            text = f"The gateway cannot check signatures: {error}; restore that secret."
            raise ProviderError(503, text, retry_after=5) from error
        return self._read[1]


class AsyncAdmission(NamedTuple):
    """Decides which client may invoke which function."""

    keys: Keys
    policy: Policy

    def admit(self, status: FunctionStatus, call: Request, now: float) -> bool:
        """Whether the client is known; False where any client may ask this function.

        Raises Refusal: 401, it admits no unknown client; ProviderError: 503, the secrets are
        missing.
        """
        # Of a header that comes twice the first counts, for that one is delivered.
        headers = {name.lower(): value for name, value in reversed(call.headers)}
        asked = Asked(status.name, {**headers, PATH: call.path}, whole(call.body))
        try:
            wanted = admits(status.annotations or {})
            if wanted == ANYBODY and not admission.claims(headers):
                return False
            return admission.admit(wanted, asked, self.keys(), now)
        except (SignatureError, ValueError) as error:
            text = f"{status.name} does not know who asks, and this was not queued: {error}."
            raise Refusal(401, text, status.name, "not-admitted") from error

    def check_callback(self, function: str, url: str, authenticated: bool) -> None:
        """Raise ProviderError, 400, if `url` can take no post; Refusal, 403, if it may not."""
        try:
            why = callbacks.refusal(url, self.policy, authenticated)
        except ValueError as error:
            raise ProviderError(400, f"X-Callback-Url: {error}.") from error
        if why:
            raise Refusal(403, f"X-Callback-Url: {why}.", function, "callback")


def over_quota(function: str) -> Refusal:
    """429: as many invocations of unknown clients wait for the function as may."""
    text = (
        f"As many unsigned requests wait for {function} as may wait (FTG_OPEN's quota); "
        "ask again later, or sign the request."
    )
    return Refusal(429, text, function, "over-quota", QUOTA_SECONDS)


def async_admission(settings: ServerSettings) -> AsyncAdmission:
    """Admission by the settings, which also hold this gateway's own address."""
    served = f"http{'s' if settings.certificate else ''}://{settings.host}:{settings.port}"
    own = frozenset(map(origin, (served, settings.advertised)))
    return AsyncAdmission(Keys(settings.home / "secrets"), Policy(settings.callback_origins, own))


DEFAULT_ADMISSION = AsyncAdmission(Keys(Path(SECRETS)), Policy(None))
