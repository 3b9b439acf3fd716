"""Whether a handler is one that the template serves; read, never run."""

import ast
from collections.abc import Iterator
from pathlib import Path

from faastraingym.embedded.errors import ProviderError

WANTED = "async def handle(body: bytes, headers: dict[str, str])"


def check_handler(file: Path) -> None:
    """Raise ProviderError, 400, if `file` has no handler that the template can serve.

    A decorated, assigned or imported one is accepted: its kind is known only when it runs.
    """
    found = list(_bindings(_parsed(file).body))
    if not found:
        raise ProviderError(400, f"{file} has no `handle`; write `{WANTED}`.")
    match found[-1]:
        case ast.FunctionDef(decorator_list=[]) as plain:
            why = f"{_whose(plain)} and is not served here"
            remedy = f"write `{WANTED}`, or deploy its image on a cluster"
            raise ProviderError(400, f"{_shown(file, plain)}, which {why}; {remedy}.")
        case ast.AsyncFunctionDef(decorator_list=[]) as coroutine if not _takes_two(coroutine):
            why = "cannot be called with a body and headers"
            raise ProviderError(400, f"{_shown(file, coroutine)}, which {why}; write `{WANTED}`.")


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        text = f"{file}:{error.lineno} is not valid Python: {error.msg}; correct it."
        raise ProviderError(400, text) from error
    except (ValueError, RecursionError, MemoryError, OSError) as error:
        raise ProviderError(400, f"{file} cannot be read as Python: {error}.") from error


def _shown(file: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    kind = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    arguments = ast.unparse(function.args)
    return f"{file}:{function.lineno} has `{kind} handle({arguments:.80})`"


def _bindings(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module that may bind `handle`, those under `if` and `try` too."""
    for statement in body:
        if _binds(statement):
            yield statement
        for field in ("body", "orelse", "finalbody", "handlers"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _bindings(getattr(statement, field, []))


def _binds(statement: ast.stmt) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement.name == "handle"
        case ast.Import() | ast.ImportFrom():
            return any((a.asname or a.name) in ("handle", "*") for a in statement.names)
        case ast.Assign() | ast.AnnAssign():
            return any(
                isinstance(name, ast.Name) and name.id == "handle" for name in ast.walk(statement)
            )
    return False


def _takes_two(function: ast.AsyncFunctionDef) -> bool:
    """Whether it can be called with two positional arguments."""
    places = [*function.args.posonlyargs, *function.args.args]
    needed = len(places) - len(function.args.defaults)
    named = [default for default in function.args.kw_defaults if default is None]
    enough = len(places) >= 2 or function.args.vararg is not None
    return enough and needed <= 2 and not named


def _whose(function: ast.FunctionDef) -> str:
    is_http = [argument.arg for argument in function.args.args] == ["event", "context"]
    return "is a handler of the template python3-http" if is_http else "is no coroutine"
