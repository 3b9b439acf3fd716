"""In which settings specifications differ."""

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.views.settings import configuration, differing, flat, identity
from tests.events.views.compared import spec

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def test_a_request_that_leaves_defaults_out_is_the_same_configuration() -> None:
    """And so is one with another seed."""
    whole = configuration(spec(seed=1, learning_rate=3e-4, gamma=0.99))
    bare = configuration(spec(seed=2))
    assert whole["algorithm"]["gamma"] == bare["algorithm"]["gamma"]
    assert "seed" not in whole
    assert identity(configuration(spec(seed=5))) == identity(bare)


def test_a_refused_specification_is_taken_as_it_is() -> None:
    assert configuration({"seed": 3, "environment": "none"}) == {"environment": "none"}


def test_settings_have_paths_and_plain_lists_are_one() -> None:
    found = dict(flat({"a": {"b": 1, "sizes": [64, 64]}, "reward": [{"factor": 2}], "empty": {}}))
    assert found == {"a.b": 1, "a.sizes": [64, 64], "reward.0.factor": 2, "empty": {}}


def test_what_differs_is_told_of_each() -> None:
    found = differing(
        [configuration(spec(gamma=g, hidden_sizes=[h])) for g, h in ((0.9, 8), (1.0, 4))]
    )
    assert found == [
        {"algorithm.gamma": 0.9, "algorithm.hidden_sizes": [8]},
        {"algorithm.gamma": 1.0, "algorithm.hidden_sizes": [4]},
    ]


def test_one_configuration_has_no_differences() -> None:
    assert differing([configuration(spec())]) == [{}]


def test_of_two_algorithms_only_what_both_have_or_one_varies_counts() -> None:
    """PPO's clipping is no column because DQN has none, but where it varies it is."""
    dqn = configuration(spec(name="dqn", learning_rate=1e-3))
    ppo = configuration(spec(learning_rate=3e-4))
    (one, two) = differing([dqn, ppo])
    assert (one["algorithm.name"], two["algorithm.name"]) == ("dqn", "ppo")
    assert (one["algorithm.learning_rate"], two["algorithm.learning_rate"]) == (1e-3, 3e-4)
    assert "algorithm.clip_coef" not in two
    varied = differing([dqn, ppo, configuration(spec(learning_rate=3e-4, clip_coef=0.4))])
    assert [one.get("algorithm.clip_coef") for one in varied] == [None, 0.2, 0.4]


@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=3), JSON), min_size=1, max_size=4))
def test_equal_settings_are_equal_configurations(found: list[dict]) -> None:
    """Of one algorithm, what differs tells configurations apart, and nothing else does."""
    told = differing([{**one, "algorithm": {"name": "ppo"}} for one in found])
    for one, its in zip(found, told, strict=True):
        for other, others in zip(found, told, strict=True):
            plain = [{**table, "algorithm": 0} for table in (one, other)]
            same = identity(dict(flat(plain[0]))) == identity(dict(flat(plain[1])))
            assert (identity(its) == identity(others)) is same
