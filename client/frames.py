"""Tables as DataFrames of pandas, which is an extra."""

from typing import TYPE_CHECKING, Any

from faastraingym.client.errors import BadInput

if TYPE_CHECKING:
    from pandas import DataFrame


def dataframe(table: Any) -> "DataFrame":
    """A structured array, or rows by column.

    Raises:
        BadInput: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise BadInput('a DataFrame needs pandas; `pip install "faastraingym[pandas]"`') from error
    return pandas.DataFrame(table)
