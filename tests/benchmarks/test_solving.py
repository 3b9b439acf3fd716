from benchmarks import learning, solving

OURS = {solving.NOTHING: [8.0], solving.UP: [4.0], solving.WARM: [2.0]}


def test_times_stand_beside_the_peer_s() -> None:
    rows = solving.rows(9.0, OURS, [8.0], {"ours": [100.0], "theirs": [200.0]})
    beside = {row.what: (row.value, row.met) for row in rows if row.unit == "x"}
    assert beside == {
        "from nothing / peer": (1.0, True),
        "stack up, functions at zero / peer": (0.5, True),
        "stack up, warm / peer": (0.25, True),
    }


def test_without_the_peer_its_rows_say_how_to_get_it() -> None:
    alone = solving.rows(9.0, OURS, [], {"ours": [100.0], "theirs": []})
    assert [row.note for row in alone if not row.samples] == [solving.stable_baselines3.MISSING]
    missing = [row for row in learning.rows([10.0], [20.0], []) if not row.samples]
    assert {row.what for row in missing} == {
        "Stable-Baselines3",
        "pipeline / peer",
        "plain loop / peer",
    }
    assert all("peers" in row.note for row in missing)
