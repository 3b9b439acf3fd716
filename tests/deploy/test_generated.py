"""Parts of files that the flow and the roles make are current, and there to be made."""

from pathlib import Path

import pytest

from faastraingym.deploy import generated


def test_what_derives_from_flow_and_roles_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (generated.main(["--check"]), capsys.readouterr().err) == (0, ""), "run `make schemas`"


def test_a_part_that_somebody_changed_is_made_anew(tmp_path: Path) -> None:
    for path in generated.files():
        copy = tmp_path / path.relative_to(generated.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().replace("rollout", "roll-out"))
    made = generated.files(tmp_path)
    network = tmp_path / "deploy/kubernetes/base/network.yaml"
    assert made[network] == (generated.ROOT / network.relative_to(tmp_path)).read_text()
    network.write_text("")
    with pytest.raises(ValueError, match="0 parts match"):
        generated.files(tmp_path)
