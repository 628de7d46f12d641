"""What the server asks of a fast path: a function that may know the response to a request head.

The server calls it in the event loop's own callback, before it parses anything, so it must never
wait. What it makes of the head is its own business; this module is all that the server knows of it.
"""

from collections.abc import Callable
from typing import Protocol


class PendingResponse(Protocol):
    """A response that depends on one answer from elsewhere."""

    def ask(self, then: Callable[[], None]) -> None:
        """Ask for that answer, and have ``then`` called once: at once, or by the event loop."""

    def finish(self) -> bytes | None:
        """Return the response, counted and logged, or None if the slow path has to be taken.

        Not called for a client that has gone in the meantime.
        """

    @property
    def context(self) -> object:
        """What has been found out, for ``HttpRequest.context`` of the same request."""


FastPath = Callable[[bytes, str], bytes | PendingResponse | None]
"""Gets a whole request head and the address of the other end of the connection. Returns the whole
response, counted and logged; or one that depends on an answer; or None to take the slow path."""
