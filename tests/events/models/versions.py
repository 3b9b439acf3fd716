"""A literal version of a model."""

from faastraingym.schemas.models import Kept, ModelVersion, Trained

A_VERSION = ModelVersion(
    model="cartpole",
    version=1,
    run="cartpole-1",
    run_version=30,
    spec={
        "environment": {"id": "CartPole-v1"},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 100_000},
    },
    policy=Kept(sha256="a" * 64, size=7),
    networks=Kept(sha256="b" * 64, size=7),
    report=Kept(sha256="c" * 64, size=7),
    spaces=[4, False, 2],
    environment=Trained(id="CartPole-v1", sha256="d" * 64, packages=[]),
    returns=[9.0, 11.0],
    mean=10.0,
    low=9.0,
    high=11.0,
    created_by="me",
    created_at=1_795_367_700.0,
)
