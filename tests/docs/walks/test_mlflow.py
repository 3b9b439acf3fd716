"""docs/mlflow.md, typed, with MLflow's own server."""

from shutil import which

import pytest

from tests.docs.walk import Walk
from tests.docs.walks.documents import MINUTES, through


@pytest.mark.skipif(which("mlflow") is None, reason="MLflow; `make loggers` has it")
@pytest.mark.timeout(60 * MINUTES)
def test_it_does_what_it_says(walk: Walk) -> None:
    through("docs/mlflow.md", walk)
