"""docs/mlflow.md, typed, with MLflow's own server."""

import pytest

from tests.docs.walk import Walk
from tests.docs.walks.documents import MINUTES, through
from tests.mlflow_servers import INSTALLED


@pytest.mark.skipif(not INSTALLED, reason="MLflow's server; `make loggers` has it")
@pytest.mark.timeout(60 * MINUTES)
def test_it_does_what_it_says(walk: Walk) -> None:
    through("docs/mlflow.md", walk)
