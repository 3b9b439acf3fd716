import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.client import run_ids
from faastraingym.client.errors import BadInput
from faastraingym.schemas.references import RUN_PATTERN
from tests.client.facts import NOW


def test_a_run_is_named_after_its_file_and_time() -> None:
    """Stem, UTC date and time, four digits."""
    name = run_ids.derive(Path("examples/CartPole.toml"), NOW, "3fa2")
    assert name == "cartpole-20261122-171500-3fa2"


@given(st.text(max_size=200))
def test_any_file_name_gives_a_name_that_passes(stem: str) -> None:
    """Whatever a file is called, its run is one NATS token and one DNS label."""
    name = run_ids.derive(Path(stem.replace("/", "").replace("\0", "") + ".toml"), NOW, "3fa2")
    assert re.fullmatch(RUN_PATTERN, name)
    assert run_ids.check(name) == name


@pytest.mark.parametrize("name", ["", "*", "a.b", "a b", ">", "-a", "a-", "A", "a" * 64, "a\n"])
def test_a_name_that_would_be_a_wildcard_or_no_label_is_refused(name: str) -> None:
    """Nothing that means something to NATS or to a file system comes through."""
    with pytest.raises(BadInput, match="is no run's name"):
        run_ids.check(name)
