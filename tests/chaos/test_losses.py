"""Losses, done to files as servers leave them."""

from pathlib import Path

import pytest

from tests.chaos import losses


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two blocks of facts and one object."""
    blocks = tmp_path / "nats/store/jetstream/FTG/streams/FTG_FACTS/msgs"
    blocks.mkdir(parents=True)
    (blocks / "9.blk").write_bytes(b"old")
    (blocks / "10.blk").write_bytes(bytes(range(200)))
    (blocks / "index.db").write_bytes(b"index")
    losses.store(tmp_path).mkdir(parents=True)
    (losses.store(tmp_path) / "1.dat").write_bytes(b"object")
    return tmp_path


def contents(home: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in home.rglob("*") if file.is_file()}


def test_the_newest_block_loses_its_end(home: Path) -> None:
    """By its number, which is no name's order; what the draw says, and never more than all."""
    before = contents(home)
    assert losses.cut(home, 0.004) == "66 of 200 bytes of 10.blk"
    assert contents(home) == before | {"10.blk": bytes(range(134))}
    assert losses.cut(home, 0.999) == "134 of 134 bytes of 10.blk"
    assert contents(home) == before | {"10.blk": b""}


def test_a_store_that_is_rolled_back_has_what_it_had_then_and_nothing_more(home: Path) -> None:
    class Server:
        """Whose files stand still between two calls."""

        calls: list[str] = []

        def suspend(self) -> None:
            self.calls.append("suspend")

        def resume(self) -> None:
            self.calls.append("resume")

    copy = home / "copy"
    losses.copied(home, copy, Server())  # type: ignore[arg-type]
    assert Server.calls == ["suspend", "resume"]
    (losses.store(home) / "2.dat").write_bytes(b"later")
    (losses.store(home) / "1.dat").write_bytes(b"object, and more")
    losses.rolled_back(home, copy)
    assert {f.name: f.read_bytes() for f in losses.store(home).iterdir()} == {"1.dat": b"object"}


def test_a_store_that_is_emptied_has_no_data_any_more(home: Path) -> None:
    losses.emptied(home)
    assert not losses.store(home).exists()
    assert set(contents(home)) == {"9.blk", "10.blk", "index.db"}
