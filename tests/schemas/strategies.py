"""Hypothesis strategies for msgspec structs, from the same type information that validates them."""

from typing import Any

from hypothesis import strategies as st
from msgspec import Struct, inspect

INT_LIMIT = 2**63 - 1  # msgpack integers


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, for each field within its bounds."""
    return _of(inspect.type_info(kind))


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata(type=inner):
            return _of(inner)
        case inspect.StructType():
            return _struct(kind)
        case inspect.UnionType(types=types):
            return st.one_of(*map(_of, types))
        case inspect.ListType(item_type=item):
            return st.lists(_of(item), min_size=kind.min_length or 0, max_size=3)
        case inspect.VarTupleType(item_type=item):
            return st.lists(_of(item), min_size=kind.min_length or 0, max_size=3).map(tuple)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(_of, items))
        case inspect.DictType(value_type=value):
            return st.dictionaries(st.text(max_size=5), _of(value), max_size=3)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case _:
            return _scalar(kind)


def _struct(kind: inspect.StructType) -> st.SearchStrategy[Struct]:
    return st.builds(kind.cls, **{field.name: _of(field.type) for field in kind.fields})


def _scalar(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.IntType():
            low = kind.ge if kind.ge is not None else -INT_LIMIT
            return st.integers(low, kind.le if kind.le is not None else INT_LIMIT)
        case inspect.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            bounds = {"exclude_min": True} if kind.gt is not None else {}
            return st.floats(low, kind.le, allow_nan=False, allow_infinity=False, **bounds)
        case inspect.StrType(pattern=pattern):
            return st.from_regex(pattern) if pattern else st.text(max_size=10)
        case inspect.BoolType():
            return st.booleans()
        case inspect.BytesType():
            return st.binary(max_size=20)
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType():
            return plain_data()
    raise TypeError(f"no strategy for {kind}")


def plain_data() -> st.SearchStrategy[Any]:
    """What TOML, YAML and JSON can say."""
    leaves = st.none() | st.booleans() | st.integers(-INT_LIMIT, INT_LIMIT) | st.text(max_size=5)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        leaves | finite,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    )
