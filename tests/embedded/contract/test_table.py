"""docs/openfaas_contract.md says what is so."""

from tests.checkout import CHECKOUT
from tests.embedded.contract.table import missing, served

TEXT = (CHECKOUT / "docs" / "openfaas_contract.md").read_text()


def test_what_is_served_is_documented() -> None:
    """`python -m tests.embedded.contract.table` prints the table."""
    assert served() in TEXT


def test_what_is_not_served_is_documented() -> None:
    """As the walk finds it."""
    assert missing() in TEXT
