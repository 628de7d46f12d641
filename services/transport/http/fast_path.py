"""The interface of a fast path: a function that may return the response to a request head.

The server calls it in the event loop, with the unparsed head, so it must never wait. This module is
all that the server knows about it.
"""

from collections.abc import Callable
from typing import Protocol


class PendingResponse(Protocol):
    """A response that depends on one asynchronous query."""

    def ask(self, then: Callable[[], None]) -> None:
        """Send the query; call ``then`` once its result is there, at once or in the event loop."""

    def finish(self) -> bytes | None:
        """Return the response, counted and logged, or None if the slow path has to be taken.

        Not called for a client that has gone in the meantime.
        """

    @property
    def context(self) -> object:
        """Results so far, for ``HttpRequest.context`` of the same request."""


FastPath = Callable[[bytes, str], bytes | PendingResponse | None]
"""Takes a request head and the peer's address. Returns the whole response, counted and logged; a
pending response; or None to take the slow path."""
