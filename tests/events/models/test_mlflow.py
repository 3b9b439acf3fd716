"""What MLflow's registry says of a version of ours."""

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from faastraingym.events.models import mlflow
from faastraingym.events.models.mlflow import Held
from tests.events.models.versions import A_VERSION

A, B = "a" * 64, "b" * 64


def held(number: int, version: str, policy: str) -> Held:
    return Held(number, {"faastraingym.version": version, "faastraingym.policy_sha256": policy})


def test_tags_say_what_the_manifest_does() -> None:
    spec = (
        b'{"algorithm":{"name":"ppo"},"environment":{"id":"CartPole-v1"},'
        b'"stop":{"env_steps":100000}}'
    )
    assert mlflow.tags(A_VERSION) == {
        "faastraingym.version": "1",
        "faastraingym.policy_sha256": A,
        "faastraingym.run": "cartpole-1",
        "faastraingym.run_version": "30",
        "faastraingym.specification_sha256": hashlib.sha256(spec).hexdigest(),
        "faastraingym.environment": "CartPole-v1",
        "faastraingym.environment_sha256": "d" * 64,
        "faastraingym.return_mean": "10.0",
        "faastraingym.return_low": "9.0",
        "faastraingym.return_high": "11.0",
        "faastraingym.episodes": "2",
        "faastraingym.parent": "none",
        "faastraingym.created_by": "me",
    }
    assert mlflow.description(A_VERSION) == (
        "Version 30 of run cartpole-1 in CartPole-v1: return 10.00 (9.00 to 11.00) over 2 episodes."
    )
    assert mlflow.source(A_VERSION, "b") == f"s3://b/models/cartpole/objects/{A}.msgpack"


def test_a_fine_tuned_version_names_its_parent() -> None:
    """By number: the alias may point elsewhere by now."""
    begun = {"model": "models/pole@champion", "version": 3, "sha256": B}
    tuned = replace(A_VERSION, spec=A_VERSION.spec | {"init_from": begun})
    assert mlflow.tags(tuned)["faastraingym.parent"] == "pole/3"


def test_of_two_that_are_the_same_version_the_first_counts() -> None:
    """Whatever the order they come in; a version that somebody else added is none of ours."""
    found = [held(11, "1", A), Held(3, {"mine": "1"}), held(2, "1", A), held(4, "1", B)]
    assert mlflow.known(found) == {("1", A): [2, 11], ("1", B): [4]}
    assert mlflow.identity(A_VERSION) in mlflow.known(found)


@pytest.mark.parametrize(
    ("spec", "name"),
    [({"environment": {"id": "CartPole-v1"}}, "CartPole-v1"), ({}, "faastraingym")],
)
def test_an_experiment_is_called_as_the_environment(spec: Any, name: str) -> None:
    assert mlflow.experiment(spec) == name


def test_what_mlflow_lets_no_alias_be_called() -> None:
    """All else that is an alias of ours is one of MLflow's."""
    names = ["latest", "LATEST", "v1", "V23", "v", "v1x", "latest-good", "champion"]
    kept = [name for name in names if mlflow.RESERVED.fullmatch(name)]
    assert kept == ["latest", "LATEST", "v1", "V23"]
