"""Trajectories are read by URLs of anybody's, and are those that are meant, or none at all."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.rewards import Unreadable, read
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Trajectory, dump
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.reward_call import Experience


def trajectory(index: int) -> Trajectory:
    """Of two steps of one environment, which earn its index."""
    no = np.zeros((2, 1), np.bool_)
    return Trajectory(
        version=0,
        index=index,
        observations=np.zeros((3, 1, 4), np.float32),
        actions=np.zeros((2, 1), np.int32),
        rewards=np.full((2, 1), index, np.float32),
        terminated=no,
        truncated=no,
        valid=~no,
        episode_returns=np.zeros(0),
        episode_lengths=np.zeros(0, np.int32),
    )


class Store(BaseHTTPRequestHandler):
    data: dict[str, bytes] = {}

    def do_GET(self) -> None:
        found = self.data.get(self.path)
        self.send_response(403 if found is None else 200)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def given(url: str, data: bytes, path: str = "/one") -> Experience:
    """The data is at that path, and meant."""
    Store.data[path] = data
    meant = ObjectRef(bucket="b", key=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return Experience(version=0, index=0, object=meant, url=url + path)


def test_trajectories_come_in_the_order_in_which_they_are_asked_for(url: str) -> None:
    made = [trajectory(index) for index in range(20)]
    asked = [given(url, dump(one), f"/{one.index}") for one in made]
    found = read(asked)
    assert [dump(one) for one in found] == [dump(one) for one in made]


def test_other_bytes_more_bytes_and_no_bytes_are_unreadable(url: str) -> None:
    """They may be there later: whoever asked is to ask again."""
    meant = given(url, b"meant")
    for there in (b"Meant", b"mean", b"meant" * 1000, None):
        if there is None:
            del Store.data["/one"]
        else:
            Store.data["/one"] = there
        with pytest.raises(Unreadable, match=r"^/one: "):
            read([meant])
    with pytest.raises(Unreadable, match="no http URL"):
        read([replace(meant, url="file:///etc/passwd")])
    with pytest.raises(Unreadable, match="bytes are too many"):
        read([replace(meant, object=replace(meant.object, size=1 << 40))])


def test_what_is_no_trajectory_is_told(url: str) -> None:
    with pytest.raises(PayloadError):
        read([given(url, b"none")])
