"""Shares of the workers: a limit on the concurrent requests of one caller."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from eventlet.semaphore import Semaphore

from schemas.errors import RateLimitExceeded
from services.process import budgets

RETRY_AFTER_SECONDS = 1


class WorkerShares:
    """Limits the concurrent requests of each caller; further ones wait briefly.

    Without this, a client that sends a hundred requests to an unresponsive service occupies every
    worker until they time out, and all others get a 503 (test_nobody_has_all_workers).

    Args:
        seconds: maximum wait for another request of the same caller to end.
        what: is limited, for the message.
    """

    def __init__(self, seconds: float = budgets.SHARE_WAIT_SECONDS, what: str = "requests"):
        self._seconds = seconds
        self._what = what
        self._in_use: dict[str, _Share] = {}

    @contextmanager
    def taken_by(self, who: str, most: int) -> Iterator[None]:
        """Surround the work on a request.

        Args:
            who: the user or the address.
            most: maximum number of their concurrent requests.

        Raises:
            RateLimitExceeded: there are ``most`` already, and none of them ended in time.
        """
        share = self._in_use.get(who)
        if share is None:
            share = self._in_use[who] = _Share(most)
        share.requests += 1
        try:
            if not share.free.acquire(timeout=self._seconds):
                details = {"limit": f"{most} at a time", "retry_after": RETRY_AFTER_SECONDS}
                raise RateLimitExceeded(f"Too many {self._what} at a time", json.dumps(details))
            try:
                yield
            finally:
                share.free.release()
        finally:
            share.requests -= 1
            if not share.requests:
                del self._in_use[who]


class _Share:
    """The share of one caller; exists only while they have a request running or waiting."""

    __slots__ = ("free", "requests")

    def __init__(self, most: int):
        self.free = Semaphore(most)
        self.requests = 0
