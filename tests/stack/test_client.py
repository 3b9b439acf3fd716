"""The Python API on a real stack: of this machine, and as a remote one."""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import numpy as np
import pytest

import faastraingym
from faastraingym import BadInput, Client, Policy, StackTrouble
from faastraingym.client import target
from faastraingym.client.target import Server
from faastraingym.schemas.report import RunReport
from tests.stack.specs import SHORT
from tests.stack.support import Stack


def signed_in(server: Server) -> str:
    """The server's URL with the user and the password in it."""
    parts = urlsplit(server.url)
    login = f"{quote(server.user, safe='')}:{quote(server.password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def test_a_run_is_trained_resumed_and_acts(stack: Stack, tmp_path: Path) -> None:
    """The files are those of the store; the policy plays as the run's own evaluation did."""
    client = Client(home=stack.home)
    run = faastraingym.train(SHORT, client=client, files=tmp_path, progress=False, name="by-api")
    folder = tmp_path / "by-api"
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=RunReport)
    assert report.policy is not None
    stored = (folder / f"policy-{report.policy.version}.msgpack").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == report.policy.sha256
    policy = Policy.load(folder)
    seen = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    np.testing.assert_array_equal(policy.predict(seen)[0], run.policy().predict(seen)[0])
    assert faastraingym.evaluate(policy, "CartPole-v1", episodes=2).mean >= 8.0
    budget = report.env_steps + 256
    assert run.resume(budget=budget).wait().env_steps >= budget
    with pytest.raises(BadInput, match="has files already"):
        faastraingym.train(SHORT, client=client, files=tmp_path, name="by-api")


def test_a_remote_stack_is_named_by_urls(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """No home is looked for, and no server is started; what is wrong is refused in a sentence."""
    found = target.find(stack.environment)
    monkeypatch.setenv("FAASTRAIN_HOME", "/nowhere")
    monkeypatch.setenv("FAASTRAIN_NATS_API", found.nats_api)
    servers = {"nats": signed_in(found.nats), "s3": signed_in(found.s3)}
    client = Client(signed_in(found.gateway), bucket=found.bucket, **servers)
    run = client.start(SHORT, name="remote", seed=11)
    assert run.wait().status == "completed"
    assert [row.run_id for row in client.runs(limit=1)] == ["remote"]
    assert not Path("/nowhere").exists()
    stranger = signed_in(found.nats._replace(user="nobody"))
    with pytest.raises(StackTrouble, match="Authorization"):
        Client(signed_in(found.gateway), nats=stranger, s3=servers["s3"]).runs()
