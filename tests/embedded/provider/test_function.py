"""What a deployment's labels and variables say."""

from datetime import UTC, datetime

import pytest
import yaml

from faastraingym.embedded.contract.messages import FunctionDeployment, Resources
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.function import PROCESS, Function, read
from faastraingym.embedded.provider.images import Code
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS


def function(**fields: object) -> Function:
    values = {"service": "echo", "image": "example/echo:1"} | fields
    return read(FunctionDeployment(**values), FUNCTIONS, datetime.now(UTC))


def test_labels_and_variables_are_read() -> None:
    """Bounds, slots, times and memory."""
    read = function(
        labels={
            "com.openfaas.scale.min": "2",
            "com.openfaas.scale.max": "5",
            "com.openfaas.scale.zero-duration": "1m30s",
        },
        env_vars={"max_inflight": "3", "exec_timeout": "250ms"},
        limits=Resources(memory="512Mi"),
    )
    assert (read.floor, read.ceiling, read.max_inflight) == (2, 5, 3)
    assert (read.idle_after, read.exec_timeout, read.memory_bytes) == (90.0, 0.25, 512 << 20)
    assert read.code == Code("functions.echo.handler")


def test_scale_to_zero_overrides_the_minimum() -> None:
    """The label min says 1 for Community Edition's sake."""
    labels = {"com.openfaas.scale.min": "1", "com.openfaas.scale.zero": "true"}
    assert function(labels=labels).floor == 0


def test_without_labels_one_replica_with_unlimited_slots() -> None:
    """OpenFaaS's defaults."""
    read = function()
    assert (read.floor, read.ceiling, read.max_inflight) == (1, 1, None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"image": "example/absent:1"}, "absent.*known.*echo"),
        ({"image": "example/..:1"}, "known"),
        ({"service": "Not A Name"}, "Not A Name"),
        ({"labels": {"com.openfaas.scale.min": "x"}}, r"scale\.min"),
        ({"labels": {"com.openfaas.scale.min": "3", "com.openfaas.scale.max": "2"}}, "above"),
        ({"env_vars": {"exec_timeout": "soon"}}, "exec_timeout.*soon"),
        ({"limits": Resources(memory="much")}, "much"),
        ({"env_process": "cat"}, "envProcess is 'cat'; only `python index.py` of the template"),
        ({"env_process": "node index.js"}, "or deploy the image on a cluster"),
        ({"env_process": "python  index.py"}, "python  index.py"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], words: str) -> None:
    """400."""
    with pytest.raises(ProviderError, match=words) as caught:
        function(**fields)
    assert caught.value.status == 400


def test_the_templates_own_process_is_the_one_that_is_started() -> None:
    """As faas-cli tells it, or by flags, which tell none."""
    template = CHECKOUT / "template" / "python3-faastrain" / "template.yml"
    assert yaml.safe_load(template.read_text())["fprocess"] == PROCESS
    assert function(env_process=PROCESS).code == function().code
