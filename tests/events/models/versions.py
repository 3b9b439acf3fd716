"""A literal version of a model, and a move of its alias."""

from faastraingym.schemas.models import Kept, ModelVersion, Promotion, Trained

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
A_MOVE = Promotion(
    model="cartpole", alias="champion", number=1, version=1, previous=0, by="me", at=1.0
)
