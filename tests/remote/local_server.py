"""env-step's protocol by environments of this process, and the answers that it has given.

An independent reading of schemas/env_step.py, for tests of its client, which asks of the last state
alone; `loses` says which answers are lost after they were found, as when a replica dies.
"""

import hashlib
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import gymnasium
import msgspec
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate

from faastraingym.algorithms.environments.space_data import described
from faastraingym.schemas import env_step as wire
from faastraingym.schemas.answers import STATUS, AnswerError, Failure
from faastraingym.schemas.arrays import pack, unpack

TOKEN = "the-token-of-a-caller"
TAKES = {
    "make": wire.Make,
    "reset": wire.Reset,
    "step": wire.Step,
    "render": wire.Render,
    "close": wire.Close,
}


class Held(NamedTuple):
    """Environments in one state."""

    environments: list[gymnasium.Env[Any, Any]]
    ended: list[bool]
    vector: bool

    @property
    def observed(self) -> spaces.Space[Any]:
        return self.environments[0].observation_space

    @property
    def acted(self) -> spaces.Space[Any]:
        return self.environments[0].action_space


class Server:
    """The function; a request that was answered has that answer again."""

    def __init__(self, loses: Callable[[int], bool]) -> None:
        self.url = ""
        self.asked: list[str] = []  # verbs, those that were lost too
        self.loses = loses
        self._held: dict[str, Held] = {}  # by the state that they are in
        self._given: dict[str, tuple[int, bytes]] = {}  # by the request
        self._lock = threading.Lock()

    def answer(self, verb: str, body: bytes) -> tuple[int, bytes] | None:
        """Status and body; None: it was lost."""
        with self._lock:
            self.asked.append(verb)
            # making is repeated in full: what was made for nobody is forgotten
            about = f"{verb} {len(self.asked) if verb == 'make' else ''}"
            asked = hashlib.sha256(about.encode() + body).hexdigest()
            if asked not in self._given:
                self._given[asked] = self._found(verb, body, asked)
            return None if self.loses(len(self.asked)) else self._given[asked]

    def _found(self, verb: str, body: bytes, new: str) -> tuple[int, bytes]:
        try:
            request = msgspec.convert(unpack(body), TAKES[verb])
            found = getattr(self, f"_{verb}")(request, new)
            return 200, pack(msgspec.to_builtins(found, builtin_types=(np.ndarray, bytes)))
        except AnswerError as error:
            failure = error.complaint
        except Exception:  # noqa: BLE001  the boundary: the test fails by it at once
            failure = AnswerError("defect", "", traceback.format_exc()).complaint
        return STATUS[failure.kind], pack(msgspec.to_builtins(Failure(error=failure)))

    def _make(self, asked: wire.Make, new: str) -> wire.Made:
        if asked.env_id not in gymnasium.registry:
            raise AnswerError(
                "bad-request", "env_id", f"env_id: no environment {asked.env_id!r} is registered"
            )
        made = [gymnasium.make(asked.env_id, **asked.kwargs) for _ in range(asked.num_envs)]
        self._held[new] = Held(made, [True] * asked.num_envs, asked.vector)
        return wire.Made(
            state=new,
            observation_space=described(made[0].observation_space),
            action_space=described(made[0].action_space),
            metadata=dict(made[0].metadata),
            max_episode_steps=made[0].spec.max_episode_steps if made[0].spec else None,
        )

    def _reset(self, asked: wire.Reset, new: str) -> wire.Begun:
        held = self._at(asked.state)
        which = range(len(held.ended)) if asked.mask is None else np.flatnonzero(asked.mask)
        found = []
        for i in which:
            seed = None if asked.seed is None else asked.seed + int(i)
            found.append(held.environments[i].reset(seed=seed, options=asked.options))
            held.ended[i] = False
        self._held[new] = self._held.pop(asked.state)
        batch = batched(held.observed, [observation for observation, _ in found])
        return wire.Begun(state=new, observations=batch, infos=[told(info) for _, info in found])

    def _step(self, asked: wire.Step, new: str) -> wire.Stepped:
        held = self._at(asked.state)
        acted = batch_space(held.acted, len(held.ended))
        actions = [list(iterate(acted, step)) for step in unbound(held.acted, asked.actions)]
        steps = [[one(held, i, action) for i, action in enumerate(row)] for row in actions]
        self._held[new] = self._held.pop(asked.state)
        rewards, terminated, truncated = (
            np.array([[float(each[k]) for each in step] for step in steps]) for k in (1, 2, 3)
        )
        rows = [batched(held.observed, [each[0] for each in step]) for step in steps]
        return wire.Stepped(
            state=new,
            observations=bound(held.observed, rows),
            rewards=rewards,
            terminated=terminated.astype(bool),
            truncated=truncated.astype(bool),
            infos=[[told(each[4]) for each in step] for step in steps],
        )

    def _render(self, asked: wire.Render, _: str) -> wire.Rendered:
        return wire.Rendered(frame=self._at(asked.state).environments[asked.index].render())

    def _close(self, asked: wire.Close, _: str) -> wire.Closed:
        self._held.pop(asked.state, None)
        return wire.Closed()

    def _at(self, state: str) -> Held:
        if state not in self._held:
            raise AnswerError("expired", "state", "state: found one that is kept no more")
        return self._held[state]


def one(held: Held, i: int, action: Any) -> tuple[Any, ...]:
    """A step of environment `i`: it is reset instead where its episode has ended."""
    environment = held.environments[i]
    if held.ended[i]:
        if not held.vector:
            raise AnswerError("bad-request", "state", "state: its episode has ended; reset it")
        observation, info = environment.reset()
        held.ended[i] = False
        return observation, 0.0, False, False, info
    found = environment.step(action)
    held.ended[i] = bool(found[2] or found[3])
    return found


def told(info: dict[str, Any]) -> dict[str, Any]:
    """A number of NumPy's is an array without axes."""
    return {k: np.array(v) if isinstance(v, np.generic) else v for k, v in info.items()}


def batched(space: spaces.Space[Any], values: list[Any]) -> Any:
    """[K, ...]"""
    return concatenate(space, values, create_empty_array(space, len(values)))


def bound(space: spaces.Space[Any], rows: list[Any]) -> Any:
    """[T, B, ...] of rows [B, ...]"""
    if isinstance(space, spaces.Dict):
        return {k: bound(part, [row[k] for row in rows]) for k, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return [bound(part, [row[i] for row in rows]) for i, part in enumerate(space.spaces)]
    return np.stack(rows)


def unbound(space: spaces.Space[Any], batch: Any) -> Iterator[Any]:
    """The rows [B, ...] of [T, B, ...]"""
    if isinstance(space, spaces.Dict):
        columns = {k: list(unbound(part, batch[k])) for k, part in space.spaces.items()}
        length = len(next(iter(columns.values())))
        yield from ({k: column[t] for k, column in columns.items()} for t in range(length))
    elif isinstance(space, spaces.Tuple):
        parts = [unbound(part, batch[i]) for i, part in enumerate(space.spaces)]
        yield from zip(*parts, strict=True)
    else:
        yield from batch


@contextmanager
def serving(loses: Callable[[int], bool] = lambda number: False) -> Iterator[Server]:
    """The function behind a real HTTP server."""
    function = Server(loses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found = function.answer(self.path.rpartition("/")[2], body)
            if found is None:
                self.close_connection = True
                return
            status, answer = found
            self.send_response(status)
            self.send_header("Content-Type", "application/msgpack")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    function.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield function
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
