"""How much of its memory a replica uses."""

import os
from contextlib import suppress

KEEPS, HOLDS = 0.5, 0.8  # of the limit: what is kept for later fits into it, and what is asked for
STATM = "/proc/self/statm"  # Linux's: resident pages are its second number


class Memory:
    """Of a process that may use `limit_mb` MiB; 0: nobody says how much."""

    def __init__(self, limit_mb: int) -> None:
        self._limit, self._file = limit_mb << 20, -1
        if limit_mb:
            with suppress(OSError):  # another system
                self._file = os.open(STATM, os.O_RDONLY | os.O_CLOEXEC)
        self._page = os.sysconf("SC_PAGE_SIZE")

    def beyond(self, share: float) -> bool:
        """Whether more than this share of the limit is in use; false where that is not known."""
        if self._file < 0:
            return False
        resident = int(os.pread(self._file, 128, 0).split()[1]) * self._page
        return resident > share * self._limit
