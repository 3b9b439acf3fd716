"""A manifest: what was written is read; anything else is told."""

import hashlib

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.adapters.stage.manifests import dump, parse
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse as parse_specification
from faastraingym.schemas.errors import PayloadError, SpecificationError
from faastraingym.schemas.specification import RunSpec, to_dict


@pytest.fixture
def spec() -> RunSpec:
    algorithm = {"name": "ppo", "num_minibatches": 1}
    raw = {"environment": {"id": "CartPole-v1"}, "algorithm": algorithm, "stop": {"env_steps": 9}}
    return parse_specification(raw)


def test_a_manifest_is_read_as_it_was_written(spec: RunSpec) -> None:
    assert parse(dump("cartpole-1", spec)) == spec


def test_without_a_package_the_bytes_are_those_of_older_releases(spec: RunSpec) -> None:
    """Runs that were started before name their manifest by its SHA-256."""
    data = dump("cartpole-1", spec)
    assert "packages" not in to_dict(spec)["environment"]
    assert hashlib.sha256(data).hexdigest() == (
        "abb2fb88687a6998bcf76b3bfb681f1868af99e9584a67634cb1c01f9c94ed10"
    )


def test_a_packaged_environment_has_the_spaces_that_its_manifest_tells(spec: RunSpec) -> None:
    """Nothing is imported: there is no such module."""
    packaged = replace(spec.environment, id="nowhere:Maze", packages=["0" * 64])
    told = describe(spec)._replace(low=(float("-inf"),), high=(1.0,), bytes_shape=(8, 8))
    found = parse(dump("maze-1", replace(spec, environment=packaged), told))
    assert found.environment == packaged
    assert describe(found) == told


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91" * 100_000, b"\x80", b"\xa1\xff"])
def test_bytes_that_are_no_manifest_are_a_payload_error(data: bytes) -> None:
    with pytest.raises(PayloadError, match="not a manifest: "):
        parse(data)


def test_a_manifest_of_what_cannot_be_run_is_refused(spec: RunSpec) -> None:
    """Its types are right, so only the checks of start-run find it."""
    raw = to_dict(spec)
    raw["rollout"]["threshold"] = 5
    data = msgspec.msgpack.encode({"run": "cartpole-1", "spec": raw})
    with pytest.raises(SpecificationError, match=r"spec\.rollout\.threshold: found 5"):
        parse(data)
