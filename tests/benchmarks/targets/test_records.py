from pathlib import Path

import msgspec

from benchmarks.targets import records, rows
from benchmarks.targets.records import Record
from benchmarks.targets.rows import Row


def row(file: Path) -> Row:
    file.write_text((rows.FOLDER / "ppo_cartpole.toml").read_text())
    return rows.read(file)


def record(of: Row, who: str, seed: int, seconds: float = 1.0, mean: float = 480.0) -> Record:
    return Record(
        row=of.file.stem,
        settings=records.settings(of),
        who=who,
        seed=seed,
        seconds=seconds,
        env_steps=1000 * seed,
        return_mean=mean,
    )


def test_what_was_measured_is_found_again(tmp_path: Path) -> None:
    file, some = tmp_path / "results" / "targets.json", row(tmp_path / "some.toml")
    known = records.load(file)
    assert known.records == []
    for seed in (12, 11):
        known.add(record(some, "faastrain", seed), file)
    known.add(record(some, "SBX", 13), file)
    again = records.load(file)
    assert [r.seed for r in again.of(some, "faastrain", range(11, 21))] == [11, 12]
    assert again.of(some, "faastrain", [13]) == []
    assert [path.name for path in file.parent.iterdir()] == ["targets.json"]


def test_other_settings_and_another_machine_are_measured_anew(tmp_path: Path) -> None:
    file, some = tmp_path / "targets.json", row(tmp_path / "some.toml")
    records.load(file).add(record(some, "SBX", 11), file)
    some.file.write_text(some.file.read_text().replace("n_epochs = 20", "n_epochs = 10"))
    assert records.load(file).of(rows.read(some.file), "SBX", [11]) == []
    found = records.load(file)
    other = records.Records(machine={**found.machine, "cores": "1024"}, records=found.records)
    file.write_bytes(msgspec.json.encode(other))
    assert records.load(file).records == []
