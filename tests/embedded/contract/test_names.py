"""Names of functions and secrets."""

import pytest

from faastraingym.embedded.contract.names import (
    check_function_name,
    check_secret_name,
    function_name,
    qualified,
)
from faastraingym.embedded.errors import ProviderError


@pytest.mark.parametrize(
    ("text", "namespace"),
    [("rollout", ""), ("rollout.openfaas-fn", ""), ("rollout", "openfaas-fn")],
)
def test_a_namespace_is_taken_off(text: str, namespace: str) -> None:
    """With and without the only namespace, the function is the same."""
    assert function_name(text, namespace) == "rollout"


@pytest.mark.parametrize(("text", "namespace"), [("rollout.other", ""), ("rollout", "other")])
def test_another_namespace_is_not_found(text: str, namespace: str) -> None:
    """404, naming it."""
    with pytest.raises(ProviderError, match="other") as caught:
        function_name(text, namespace)
    assert caught.value.status == 404


def test_metrics_qualify_names() -> None:
    """name.namespace."""
    assert qualified("rollout") == "rollout.openfaas-fn"


@pytest.mark.parametrize("name", ["", "Upper", "-x", "x-", "a_b", "../x", "a.b", "x" * 64])
def test_a_function_is_a_dns_label(name: str) -> None:
    """400 for everything else."""
    with pytest.raises(ProviderError) as caught:
        check_function_name(name)
    assert caught.value.status == 400


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a..b", "a/b", "A"])
def test_a_secret_is_a_safe_file_name(name: str) -> None:
    """No secret leaves its folder."""
    with pytest.raises(ProviderError):
        check_secret_name(name)


def test_usual_names_pass() -> None:
    """Those of stack.yml."""
    assert check_function_name("start-run") == "start-run"
    assert check_secret_name("ftg-s3") == "ftg-s3"
