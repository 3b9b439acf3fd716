"""The errors that the outside world can cause in a stage."""

from faastraingym.events import ports


class AdapterError(Exception):
    """Base of everything that the adapters raise."""


class Unavailable(AdapterError, ports.Unavailable):  # noqa: N818  the condition's own name
    """Transient: a server is away. Try again later."""


class Refused(AdapterError):  # noqa: N818  the condition's own name
    """The other side understood and refused; trying again cannot help."""


class FunctionFailed(AdapterError):  # noqa: N818  the condition's own name
    """A function of one's own failed at its work: a defect there, which uses an attempt here."""


class ObjectMissing(AdapterError, ports.LostObject):  # noqa: N818  the condition's own name
    """The referenced object is not in the store."""


class ObjectAltered(AdapterError, ports.LostObject):  # noqa: N818  the condition's own name
    """The stored bytes differ from the reference in size or SHA-256."""


class SettingsError(AdapterError):
    """The environment lacks a setting that the function needs, or has a bad one."""


class OtherRequest(AdapterError):  # noqa: N818  the condition's own name
    """The run's name is taken, by a run with another specification."""


class SignatureError(AdapterError):
    """A command's signature is missing, malformed, wrong, too old or from the future."""


# By name, so that knowing an exception does not import the library that raises it. The most
# derived class counts: an error is looked up along its own inheritance.
FOREIGN: dict[str, type[AdapterError]] = {
    "builtins.OSError": Unavailable,
    "builtins.TimeoutError": Unavailable,
    "nats.errors.Error": Unavailable,
    "nats.errors.AuthorizationError": Refused,
    "nats.errors.BadHeaderError": Refused,
    "nats.errors.BadSubjectError": Refused,
    "nats.errors.BadSubscriptionError": Refused,
    "nats.errors.InvalidUserCredentialsError": Refused,
    "nats.errors.MaxPayloadError": Refused,
}


def translate(error: BaseException) -> type[AdapterError] | None:
    """Our class for a foreign exception; None when the exception is a defect."""
    for base in type(error).__mro__:
        ours = FOREIGN.get(f"{base.__module__}.{base.__qualname__}")
        if ours is not None:
            return ours
    return None


class translated:  # noqa: N801  reads as a clause: `with translated("publish")`
    """Raise foreign exceptions as ours, with `what` was being done; let others pass.

    A class: every message that is sent passes here, and a generator takes four times as long.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, AdapterError):
            return
        ours = translate(error)
        if ours is not None:
            raise ours(f"{self._what}: {str(error) or type(error).__name__}") from error
