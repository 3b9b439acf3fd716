"""Which files of the inbox nobody has heard of."""

import pytest

from faastraingym.events.ports import Listed, Recorded
from faastraingym.events.triggers.uploads import GRACE_SECONDS, received, unheard
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested, UploadHeard

NOW = 1_700_000_000.0
FILE = Listed("experiments/a.toml", "e1", NOW - 60)
ERROR = Listed(keys.refusal(FILE.key), "e2", NOW - 59)


def test_what_started_nothing_and_has_no_error_beside_it_was_not_heard() -> None:
    assert unheard([FILE], (), NOW) == [FILE]
    assert unheard([FILE], {(FILE.key, "e1")}, NOW) == []
    assert unheard([FILE, ERROR], (), NOW) == []


def test_another_content_under_the_same_key_is_another_upload() -> None:
    assert unheard([FILE], {(FILE.key, "e0")}, NOW) == [FILE]


@pytest.mark.parametrize("seconds", [0, 30])
def test_an_error_of_what_lay_there_before_tells_nothing(seconds: int) -> None:
    """Nor one of the same second, as some stores count: it is told again, once, a second later."""
    error = ERROR._replace(modified=FILE.modified - seconds)
    assert unheard([FILE, error], (), NOW) == [FILE]


def test_a_long_name_s_error_is_found() -> None:
    file = FILE._replace(key="experiments/" + "ü" * 125 + ".json")
    error = ERROR._replace(key=keys.refusal(file.key))
    assert unheard([file, error], (), NOW) == []


def test_its_notification_may_still_come() -> None:
    """A clock that is behind the store's is no reason to wait for ever."""
    young = FILE._replace(modified=NOW - GRACE_SECONDS / 2)
    ahead = FILE._replace(key="experiments/b.json", modified=NOW + 3600)
    assert unheard([young, ahead], (), NOW) == [ahead]


@pytest.mark.parametrize(
    "key", ["experiments/a.md", "experiments/a.toml/", "experiments/a.toml/b", "runs/a/b.json"]
)
def test_what_is_no_specification_is_left_alone(key: str) -> None:
    assert unheard([FILE._replace(key=key)], (), NOW) == []


def test_the_log_knows_key_and_etag() -> None:
    said = [UploadHeard(run="a-1", key="k", etag="e"), RunRequested(run="a-1", spec={})]
    assert received(Recorded(n, NOW, fact) for n, fact in enumerate(said)) == {("k", "e")}
