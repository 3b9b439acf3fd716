"""A field's type in words, for an error: `an integer from 1 to 4096`."""

from msgspec import inspect

WORDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.DictType: "a table",
    inspect.StructType: "a table",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
}


def describe(kind: inspect.Type) -> str:
    """The values that `kind` allows."""
    match plain(kind):
        case inspect.LiteralType(values=values):
            return ", ".join(map(str, values))
        case inspect.UnionType(types=types):
            return " or ".join(dict.fromkeys(map(describe, types)))
        case inspect.IntType() as number:
            return "an integer" + _bounds(number)
        case inspect.FloatType() as number:
            return "a finite number" + _bounds(number)
        case other:
            return WORDS.get(type(other), "any value")


def plain(kind: inspect.Type) -> inspect.Type:
    """`kind` without its description."""
    return plain(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    if number.ge is not None and number.le is not None:
        return f" from {_figure(number.ge)} to {_figure(number.le)}"
    named = (
        ("at least", number.ge),
        ("greater than", number.gt),
        ("at most", number.le),
        ("less than", number.lt),
    )
    words = [f"{word} {_figure(bound)}" for word, bound in named if bound is not None]
    return " " + " and ".join(words) if words else ""


def _figure(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)
