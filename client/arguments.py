"""Arguments of public functions, held to the functions' own annotations."""

import functools
import inspect
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from faastraingym.client.errors import BadInput
from faastraingym.schemas.errors import RunFault

P = ParamSpec("P")
R = TypeVar("R")

PHRASES = {  # by the name of a type
    "AsyncExperiment": "an AsyncExperiment (Client().experiment(NAME) makes an Experiment)",
    "AsyncRun": "an AsyncRun (Client().run(NAME) makes a Run)",
    "Axes": "Axes of matplotlib",
    "Client": "a Client, as Client(url=...)",
    "Env": "a Gymnasium environment",
    "Mapping": 'a table, as {"csv": "progress.csv"}',
    "NoneType": "None",
    "Path": "a path",
    "Predicts": "a Policy, as Run.policy() gives, or what has such a `predict`",
    "RunReport": "a RunReport (Policy.load and Run.policy make a Policy)",
    "Sequence": 'a list, as ["first", "second"]',
    "bool": "True or False",
    "float": "a finite number",
    "int": "a whole number",
    "str": "a text",
}
CREDENTIALS = re.compile(r"//[^/@\s]*@")  # in a URL


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, which refuses arguments that its annotations do not allow.

    Numbers of NumPy become Python's. `**keywords` are the function's own matter. A mistake of the
    caller is raised from here: its sentence, not the way to it, is what its reader needs.

    Raises:
        BadInput: an argument has a wrong type or size, is missing, or is none of the function's.
    """
    signature = inspect.signature(function)
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            bound = _bound(name, signature, args, kwargs)
            return function(*bound.args, **bound.kwargs)
        except BadInput as error:
            raise error.with_traceback(None) from _of_foreign_code(error)

    return call


def _bound(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> inspect.BoundArguments:
    """The arguments of a function of that name, each held to its annotation.

    Raises:
        BadInput: one is missing, unknown, or not allowed.
    """
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        names = ", ".join(parameter for parameter in signature.parameters if parameter != "self")
        raise BadInput(f"{name}: {error}; it takes {names}") from error
    for argument, value in bound.arguments.items():
        hint = signature.parameters[argument].annotation
        if signature.parameters[argument].kind is not inspect.Parameter.VAR_KEYWORD:
            bound.arguments[argument] = _held(f"{name}: {argument}", value, hint)
    return bound


def _of_foreign_code(error: BadInput) -> BaseException | None:
    """What the caller's own code raised, as an environment: he needs the way to that."""
    cause = error.__cause__
    return cause if isinstance(cause, RunFault) else None


def _held(argument: str, value: Any, hint: Any) -> Any:
    """The value as Python's own.

    Raises:
        BadInput: the annotation does not allow it.
    """
    if hint is inspect.Parameter.empty:
        return value
    if not any(_accepts(kind, value) for kind in _kinds(hint)):
        raise BadInput(f"{argument}: found {_shown(value)}; allowed: {_words(_kinds(hint))}")
    if isinstance(value, str) and "\0" in value:
        raise BadInput(f"{argument}: found {_shown(value)}; allowed: a text without NUL")
    is_foreign = isinstance(value, Real) and not isinstance(value, int | float)
    return value.item() if is_foreign and hasattr(value, "item") else value


def _shown(value: Any) -> str:
    """The value, or its type where it has too many digits; without passwords."""
    try:
        return CREDENTIALS.sub("//...@", f"{value!r:.80}")
    except ValueError:
        return f"a large {type(value).__name__}"


def _kinds(hint: Any) -> list[Any]:
    """The alternatives of an annotation, which may be a text where importing its type is dear."""
    if isinstance(hint, str):
        return [part.strip() for part in hint.split("|")]
    if get_origin(hint) in (Union, UnionType):
        return [kind for part in get_args(hint) for kind in _kinds(part)]
    return [hint]


def _accepts(kind: Any, value: Any) -> bool:
    if kind in (Any, object):
        return True
    if isinstance(kind, str):
        return _name(kind) in {_name(each.__name__) for each in type(value).__mro__}
    origin, parameters = get_origin(kind), get_args(kind)
    if origin is Annotated:
        least = parameters[1].ge
        return _accepts(parameters[0], value) and (least is None or value >= least)
    if origin is Literal:
        return value in parameters
    if kind in (int, float):
        return _is_number(value) and (isinstance(value, Integral) or kind is float)
    if kind is bool:
        return _name(type(value)) in ("bool", "bool_")
    return isinstance(value, os.PathLike if kind is Path else origin or kind)


def _is_number(value: Any) -> bool:
    """Python's or NumPy's, but no truth value, NaN or infinity."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return isinstance(value, Integral) or (hasattr(value, "is_integer") and math.isfinite(value))


def _words(kinds: Iterable[Any]) -> str:
    *others, last = dict.fromkeys(phrase for kind in kinds for phrase in _phrases(kind))
    return f"{', '.join(others)} or {last}" if others else last


def _phrases(kind: Any) -> Iterator[str]:
    origin, parameters = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield f"{_words(parameters[:1])}, {parameters[1].ge} or more"
    elif origin is Literal:
        yield from map(repr, parameters)
    else:
        name = _name(origin or kind)
        yield PHRASES.get(name, f"{'an' if name[0] in 'AEIOU' else 'a'} {name}")


def _name(kind: Any) -> str:
    """The name of a type, without its module and parameters."""
    text = kind if isinstance(kind, str) else kind.__name__
    return "NoneType" if text == "None" else text.partition("[")[0].rpartition(".")[2]
