"""A body as it arrives: in memory while it is small, in an unnamed file when it is not."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, cast

from faastraingym.embedded.contract.budget import OWN, Budget
from faastraingym.embedded.errors import ProviderError
from faastraingym.events.delivery.answers import ANSWERED
from faastraingym.schemas.messages import MAX_MESSAGE_BYTES

Writing = asyncio.Future[None]
PIECE = 64 << 10  # bytes that are read from a file at once
SEEN = 1 << 20  # bytes of a file between two looks at the room of its disk
MOST_ANSWER = 64 << 20  # bytes of a function's answer: four times the largest request


class Spooled:
    """A body in a file without a name: it goes when it is closed, or when its holder goes."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._size, self._unseen = budget, 0, 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        """Free a body left open. The garbage collector calls this anywhere: it may take no lock."""
        self._budget.unspool(self._size)
        if self._file is not None:
            self._file.close()

    def append(self, piece: bytes) -> Writing:
        """Write at its end, in order; the future raises ProviderError, 503, for a full disk."""
        self._budget.spool(len(piece))
        self._size += len(piece)
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._budget.writer, self._write, piece)

    def pieces(self) -> Iterator[bytes]:
        """From its beginning, each time; when all of it is written."""
        for offset in range(0, self._size, PIECE):
            yield os.pread(cast(IO[bytes], self._file).fileno(), PIECE, offset)

    def close(self) -> None:
        """Give its room back."""
        self._budget.unspool(self._size)
        self._size = 0
        self._budget.writer.submit(self._close)  # after what is being written

    def _write(self, piece: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0, dir=self._budget.folder)  # noqa: SIM115
            self._unseen -= len(piece)
            if self._unseen < 0:
                self._unseen = SEEN
                self._budget.check_disk()
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            text = f"The body cannot be kept: {os.strerror(error.errno or 0)}."
            raise self._budget.refused("disk", text) from error

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


Body = bytes | Spooled


class Incoming:
    """Collects one body of at most `limit` bytes; a longer one is answered with `over(limit)`.

    `expected`: the bytes that its header announces, or None.
    """

    def __init__(
        self,
        budget: Budget,
        limit: int,
        over: Callable[[int], ProviderError],
        expected: int | None = None,
    ) -> None:
        self._budget, self._limit, self._over = budget, limit, over
        self._is_message = expected is not None and expected <= MAX_MESSAGE_BYTES
        self._is_long = expected is not None and not self._is_message
        self._pieces: list[bytes] = []
        self._held = self._shared = 0  # bytes in memory; of them, beyond the connection's own
        self._file: Spooled | None = None

    def append(self, piece: bytes) -> Writing | None:
        """Keep a piece; raises ProviderError: too long, or no room. Await what is returned."""
        size = len(piece) + (self._held if self._file is None else len(self._file))
        if size > self._limit:
            raise self._over(self._limit)
        if self._file is None and self._fits(size):
            self._pieces.append(piece)
            self._held += len(piece)
            self._budget.memory += len(piece)
            return None
        if self._file is None:
            self._file, piece = Spooled(self._budget), b"".join((*self._pieces, piece))
            self.release()
        return self._file.append(piece)

    def body(self) -> Body:
        """All that has arrived; the caller closes it."""
        if self._file is not None:
            return self._file
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def release(self) -> None:
        """Give back what it took of memory; a file is its body's."""
        self._budget.memory -= self._held
        self._budget.shared -= self._shared
        self._held = self._shared = 0
        self._pieces.clear()

    def close(self) -> None:
        """Give everything back."""
        self.release()
        if self._file is not None:
            self._file.close()

    def _fits(self, size: int) -> bool:
        if size <= OWN:
            return not self._is_long
        more = size - self._shared
        if not self._is_message or not self._budget.has_memory(more):
            return False
        self._shared += more
        self._budget.shared += more
        return True


class Answer(Incoming):
    """Collects a function's answer; `refusal` is the reason why it stopped."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget, MOST_ANSWER, _too_long)
        self.refusal: ProviderError | None = None
        self._last: Writing | None = None

    def take(self, piece: bytes) -> Writing | bool:
        """Keep the bytes that arrived; whether more are wanted, or when."""
        if self.refusal is not None:
            return False
        try:
            self._last = self.append(piece)
        except ProviderError as error:
            self.refusal = error
            self.close()
            return False
        return self._last or True

    async def finished(self) -> Body:
        """All of it; raises ProviderError: 503, it could not be written."""
        if self._last is not None:
            await self._last  # the writer keeps to the order
        return self.body()


def whole(body: Body) -> bytes:
    """The bytes of a body that is decoded, not passed on."""
    return body if isinstance(body, bytes) else b"".join(body.pieces())


def _too_long(limit: int) -> ProviderError:
    text = f"The function's answer is larger than {limit} bytes."
    return ProviderError(502, text, replica=ANSWERED)
