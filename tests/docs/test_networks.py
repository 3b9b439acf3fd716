"""The specification on the page about networks is one that runs."""

import re
import tomllib

from faastraingym.algorithms import registry
from faastraingym.schemas.specification import to_dict
from tests.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs/algorithms/networks.md").read_text()


def test_the_specification_shown_is_valid_and_every_key_is_in_the_table() -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    raw = {"environment": {"id": "CartPole-v1"}, "stop": {"env_steps": 9}}
    network = to_dict(registry.parse({**raw, **tomllib.loads(text)}))["algorithm"]["network"]
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.partition("## What it is told")[2], re.MULTILINE))
    assert set(network) == told - {"part"}
    assert [each["kind"] for each in network["encoders"]] == ["mlp", "small"]
