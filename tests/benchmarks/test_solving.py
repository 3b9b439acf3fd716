from benchmarks import lunar_lander, solving
from benchmarks.peers.peer import PEERS, RLLIB, SBX, STABLE_BASELINES3, Solved

OURS = {solving.NOTHING: [8.0], solving.UP: [4.0], solving.WARM: [2.0]}
NONE = {one: [] for one in PEERS}


def test_times_stand_beside_each_peer_s_under_its_own_goals() -> None:
    solved = {STABLE_BASELINES3: [Solved(8.0, 200, 480.0)], RLLIB: [Solved(20.0, 300, 500.0)]}
    rows = solving.rows(9.0, OURS, [100.0], {**NONE, **solved})
    beside = {row.what.strip(): (row.value, row.met) for row in rows if row.unit == "x"}
    assert beside == {
        "from nothing / Stable-Baselines3": (1.0, True),
        "stack up, functions at zero / Stable-Baselines3": (0.5, True),
        "stack up, warm / Stable-Baselines3": (0.25, True),
        "from nothing / SBX": (None, None),
        "stack up, functions at zero / SBX": (None, None),
        "stack up, warm / SBX": (None, None),
        "from nothing / RLlib": (0.4, False),
        "stack up, functions at zero / RLlib": (0.2, True),
        "stack up, warm / RLlib": (0.1, True),
    }


def test_a_peer_that_fell_short_is_said_to_have() -> None:
    row = solving.beside(SBX, [Solved(8.0, 100_000, 300.0), Solved(6.0, 90_000, 480.0)])
    assert "1 of 2 did not get there: its time is a lower bound" in row.note
    assert "lower bound" not in solving.beside(SBX, [Solved(6.0, 90_000, 480.0)]).note


def test_without_peers_their_rows_say_how_to_get_them() -> None:
    for rows in (
        solving.rows(9.0, OURS, [100.0], NONE),
        lunar_lander.rows([10.0], [100.0], []),
    ):
        missing = [row for row in rows if not row.samples]
        assert missing
        assert all("PEERS=1" in row.note for row in missing)
        assert all(row.met is None for row in missing)


def test_landing_stands_beside_stable_baselines3_s() -> None:
    rows = lunar_lander.rows([300.0], [9.0], [Solved(700.0, 600_000, 210.0)])
    assert [row.met for row in rows] == [None, None, True]
