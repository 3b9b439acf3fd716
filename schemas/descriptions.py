"""A field's type in words, for an error: `an integer from 1 to 4096`."""

from msgspec import inspect

WORDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.DictType: "a table",
    inspect.StructType: "a table",
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
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} values"
        case inspect.ListType() | inspect.VarTupleType() as values:
            return "a list" + _length(values)
        case other:
            return WORDS.get(type(other), "any value")


def plain(kind: inspect.Type) -> inspect.Type:
    """`kind` without its description."""
    return plain(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _length(values: inspect.ListType | inspect.VarTupleType) -> str:
    least, most = values.min_length or 0, values.max_length
    if most is not None:
        return f" of {least} to {most} values"
    return f" of at least {least} value{'s' * (least > 1)}" if least else ""


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
