from pathlib import Path

import pytest

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.settings import Login, Settings, caller_settings, function_limits
from faastraingym.algorithms.limits import Limits


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    for name, value in {
        "ftg-signing-key": "key\n",
        "ftg-nats-rollout": "user:pass:word\n",
        "ftg-s3-rollout": "access:secret",
    }.items():
        (tmp_path / name).write_text(value)
    return {
        "FTG_NATS_URL": "nats://127.0.0.1:4222",
        "FTG_S3_URL": "http://127.0.0.1:9000/",
        "FTG_FUNCTION": "rollout",
        "FTG_REPLICA": "rollout-1",
        "FTG_MEMORY_LIMIT": "512Mi",
        "FTG_SECRETS": str(tmp_path),
    }


def test_everything_is_read(environment: dict[str, str], tmp_path: Path) -> None:
    """Variables and files; a password may hold colons."""
    assert Settings.from_environment(environment) == Settings(
        nats_url="nats://127.0.0.1:4222",
        s3_url="http://127.0.0.1:9000",
        bucket="faastraingym",
        function="rollout",
        replica="rollout-1",
        memory_mb=512,
        nats=Login("user", "pass:word"),
        s3=Login("access", "secret"),
        signing_key=b"key",
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("FTG_NATS_URL", "", "FTG_NATS_URL is not set"),
        ("FTG_NATS_URL", "127.0.0.1:4222", "write it as nats://host:port"),
        ("FTG_S3_URL", "http://", "write it as http://host:port"),
        ("FTG_S3_URL", "http://a:99999", "write it as http://host:port"),
        ("FTG_FUNCTION", "", "FTG_FUNCTION is not set"),
        ("FTG_BUCKET", "b", "FTG_BUCKET is 'b'; write 3 to 63"),
        (
            "FTG_MEMORY_LIMIT",
            "much",
            "'much' is not a quantity such as 512Mi.*set it to limits.memory",
        ),
        ("FTG_SECRETS", "/nowhere", "/nowhere/ftg-nats-rollout cannot be read"),
    ],
)
def test_a_wrong_variable_is_named(
    environment: dict[str, str], name: str, value: str, sentence: str
) -> None:
    """With what was found and what to write."""
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment({**environment, name: value})


@pytest.mark.parametrize(
    ("secret", "text", "sentence"),
    [
        ("ftg-nats-rollout", "user", "ftg-nats-rollout is ill-formed; write user:password"),
        ("ftg-s3-rollout", ":", "ftg-s3-rollout is ill-formed; write access key:secret key"),
        ("ftg-signing-key", "\n", "ftg-signing-key is empty"),
    ],
)
def test_a_wrong_secret_is_named(
    environment: dict[str, str], tmp_path: Path, secret: str, text: str, sentence: str
) -> None:
    """By its file, never by its content."""
    (tmp_path / secret).write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment(environment)


def test_no_secret_is_shown(environment: dict[str, str]) -> None:
    """Neither by the settings nor by a login."""
    settings = Settings.from_environment(environment)
    for shown in (repr(settings), repr(settings.nats), str(settings.s3)):
        assert not any(secret in shown for secret in ("pass", "secret", "key"))


def test_environments_are_modules_by_commas(environment: dict[str, str]) -> None:
    """None, one or more; whatever is no module's name is refused."""
    assert Settings.from_environment(environment).environments == ()
    names = "my_package.environments, other,"
    found = Settings.from_environment({**environment, "FTG_ENVIRONMENTS": names})
    assert found.environments == ("my_package.environments", "other")
    with pytest.raises(SettingsError, match="FTG_ENVIRONMENTS holds 'a/b'; write modules as"):
        Settings.from_environment({**environment, "FTG_ENVIRONMENTS": "a/b"})


def test_the_memory_that_runs_may_use() -> None:
    """Quantities as in stack.yml; what is not told is 0."""
    told = {"FTG_ROLLOUT_MEMORY": "512Mi", "FTG_LEARNER_MEMORY": "2Gi"}
    assert function_limits(told) == Limits(512 << 20, 2 << 30)
    assert function_limits({"FTG_ROLLOUT_MEMORY": ""}) == Limits()
    with pytest.raises(SettingsError, match="FTG_LEARNER_MEMORY: 'much' is not a quantity"):
        function_limits({"FTG_LEARNER_MEMORY": "much"})


def test_callers_and_their_rate(environment: dict[str, str], tmp_path: Path) -> None:
    """A caller's rate is 1,000 requests a second, or what is set; no token is shown."""
    secret = tmp_path / "ftg-caller-tokens"
    secret.write_text("ann ann-has-this-token\n")
    found, rate = caller_settings(environment)
    assert (found.tokens, rate) == ({"ann": b"ann-has-this-token"}, 1000.0)
    assert caller_settings({**environment, "FTG_CALLER_RATE": "0.5"})[1] == 0.5
    for wrong in ("0", "-1", "much", "1e9"):
        with pytest.raises(SettingsError, match=r"FTG_CALLER_RATE is .*; write requests a second"):
            caller_settings({**environment, "FTG_CALLER_RATE": wrong})
    secret.write_text("ann")
    with pytest.raises(SettingsError, match="ftg-caller-tokens: line 1 is ill-formed"):
        caller_settings(environment)
