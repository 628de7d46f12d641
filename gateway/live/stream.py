"""One stream of server-sent events."""

import time
from collections.abc import Iterator

from eventlet.event import Event
from nameko.containers import WorkerContext

from gateway.admission.callers import Caller
from gateway.live.messages import change_message


class Stream:
    """What a client is sent, which waits until the client has taken it.

    There is one piece at most: a later cursor says all that an earlier one says.

    Args:
        caller: whose stream it is.
        worker_ctx: of the request that opened it.

    Attributes:
        cursor: the one that was told last.
    """

    __slots__ = (
        *("_entrypoint", "_has_ended", "_next", "_woken"),
        *("caller", "checked_at", "cursor", "sent_at"),
    )

    def __init__(self, caller: Caller, worker_ctx: WorkerContext):
        self.caller = caller
        self.cursor = ""
        self.sent_at = self.checked_at = time.monotonic()
        self._entrypoint = worker_ctx.entrypoint
        self._next: bytes | None = None
        self._has_ended = False
        self._woken = Event()

    def make_context(self) -> WorkerContext:
        """Return a context in which services are called for the stream."""
        entrypoint = self._entrypoint
        data = {"user_id": self.caller.user_id}
        return WorkerContext(entrypoint.container, None, entrypoint, data=data)

    def send(self, piece: bytes) -> None:
        """Send a piece, in place of what the client has not taken yet."""
        self._next = piece
        self.sent_at = time.monotonic()
        self._wake()

    def tell(self, cursor: str) -> None:
        """Send the cursor of the latest changes, unless it was told before."""
        if cursor != self.cursor:
            self.cursor = cursor
            self.send(change_message(cursor))

    def end(self) -> None:
        """End the stream."""
        self._has_ended = True
        self._wake()

    def pieces(self) -> Iterator[bytes]:
        """Yield what is sent, until the end."""
        while not self._has_ended:
            piece, self._next = self._next, None
            if piece is not None:
                yield piece
            else:
                self._woken = Event()
                self._woken.wait()

    def _wake(self) -> None:
        if not self._woken.ready():
            self._woken.send()
