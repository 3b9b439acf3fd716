"""What a tutorial shows of a specification is one that runs."""

import re
import tomllib

from faastraingym.algorithms import registry
from tests.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs/tutorials/hyperparameters.md").read_text()
FILES = dict(re.findall(r'^```toml title="(.*?)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))


def test_the_specification_shown_is_valid() -> None:
    text = FILES["spec.toml"]
    spec = registry.parse(tomllib.loads(text))
    assert (spec.environment.id, spec.stop.target) == ("CartPole-v1", 475)


def test_every_key_in_a_comment_is_valid_too() -> None:
    """With the comment's mark taken away, the file still means something."""
    text = FILES["spec.toml"]
    spec = registry.parse(tomllib.loads(re.sub(r"^# (?=[\[\w])", "", text, flags=re.MULTILINE)))
    assert (spec.rollout.max_policy_lag, spec.retention.versions) == (1, 10)
