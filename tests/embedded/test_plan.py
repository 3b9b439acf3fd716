"""What a stack's processes are told."""

from pathlib import Path

from faastraingym.embedded import credentials
from faastraingym.embedded.contract import settings as server_settings
from faastraingym.embedded.gateway.async_admission import async_admission
from faastraingym.embedded.plan import plan
from faastraingym.embedded.settings import read
from faastraingym.events.delivery.callbacks import origin

PROXIED = {
    "FAASTRAIN_NATS_ADVERTISE": "nats://127.0.0.1:1",
    "FAASTRAIN_S3_ADVERTISE": "http://127.0.0.1:2",
    "FAASTRAIN_GATEWAY_ADVERTISE": "http://127.0.0.1:3",
}
TOLD = ("FTG_NATS_URL", "FTG_S3_URL", "FTG_GATEWAY_URL")


def test_stages_are_told_where_the_servers_are(tmp_path: Path) -> None:
    made = plan(read(tmp_path, {}), credentials.generate())
    state = made.state
    for process in (made.gateway, made.worker):
        told = [process.environment[name] for name in TOLD]
        assert told == [state.nats_url, state.s3_url, state.gateway_url]


def test_stages_may_be_sent_to_a_proxy_while_the_servers_stay_where_they_are(
    tmp_path: Path,
) -> None:
    """The gateway hands its addresses to the replicas; the state is for who comes from outside."""
    made = plan(read(tmp_path, PROXIED), credentials.generate())
    for process in (made.gateway, made.worker):
        assert [process.environment[name] for name in TOLD] == list(PROXIED.values())
    state = made.state
    assert not {state.nats_url, state.s3_url, state.gateway_url} & set(PROXIED.values())


def test_a_store_that_a_full_disk_broke_is_started_again_with_its_volumes_in_order(
    tmp_path: Path,
) -> None:
    """The supervisor sees to it; the lines are SeaweedFS's and LevelDB's."""
    store = plan(read(tmp_path, {}), credentials.generate()).weed
    assert store is not None
    assert store.broken is not None
    assert store.mend is not None
    index = store.folder / "data" / "b_1.idx"
    index.write_bytes(bytes(4096))
    index.with_suffix(".vif").write_text('{"bytesOffset": 5}')
    store.mend()
    assert index.stat().st_size == 4080
    assert store.broken.search(
        "persisting /k : write data/filerldb2/03/000001.log: no space left on device"
    )


def test_who_decides_about_callbacks_is_told_where_they_may_go(tmp_path: Path) -> None:
    """The gateway when it is asked, the queue-worker when it calls."""
    listed = {"FTG_CALLBACK_ORIGINS": "https://ci.example.com"}
    made = plan(read(tmp_path, listed), credentials.generate())
    for process in (made.gateway, made.worker):
        assert process.environment["FTG_CALLBACK_ORIGINS"] == "https://ci.example.com"
    told = {**made.gateway.environment, "FTG_LISTEN_PORT": "8123"}
    gate = async_admission(server_settings.read(told))
    assert gate.policy.origins == {origin("https://ci.example.com")}
    served = {origin("http://127.0.0.1:8123"), origin(made.state.gateway_url)}
    assert gate.policy.gateways == served
