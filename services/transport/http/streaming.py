"""The sending half of a connection with a streamed response."""

import time
from collections.abc import Iterator

import eventlet
from eventlet import Timeout
from eventlet.event import Event

from services.observability.logging import get_logger
from services.transport.http import limits
from services.transport.http.messages import Refused, Stream, StreamFailed
from services.transport.http.receiving import Limited, Receiver
from services.transport.http.states import BUSY, CLOSED, STREAMING

log = get_logger(__name__)


class StreamedBody:
    """A stream as it goes out: in parts of :data:`.limits.STREAM_STEP`, as chunks if possible.

    Args:
        stream: the body.
        is_chunked: whether the parts are chunks; otherwise the end of the connection is that of
            the body.
        request_id: for the log.
    """

    def __init__(self, stream: Stream, is_chunked: bool, request_id: str):
        self.request_id = request_id
        self.is_chunked = is_chunked
        self.size = 0
        """How many bytes of the body have been passed on."""
        self.held = 0
        """How many bytes the present piece has."""
        self._stream = stream

    def parts(self, head: bytes) -> Iterator[bytes]:
        """Yield the response but for its :attr:`end`, the head with the first part."""
        before = head
        for piece in self._stream:
            self.held = len(piece)
            for begin in range(0, len(piece), limits.STREAM_STEP):
                part = piece[begin : begin + limits.STREAM_STEP]
                self.size += len(part)
                yield before + self._framed(part)
                before = b""
        if before:
            yield before

    @property
    def end(self) -> bytes:
        """The last chunk, without which a client knows that something is missing."""
        return b"0\r\n\r\n" if self.is_chunked else b""

    def close(self) -> None:
        """Let go of what making the body takes."""
        try:
            self._stream.close()
        except (Exception, Timeout) as problem:
            log.error("stream not closed", exc_info=problem, request_id=self.request_id)

    def _framed(self, part: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(part), part) if self.is_chunked else part


class Streamer(Receiver):
    """Sends a streamed response no faster than the client reads it.

    The next part is made when the last one has been passed to the kernel, so a slow client holds
    one piece of the body and no worker.
    """

    __slots__ = ("_room",)

    def __init__(self, server: Limited, address: str | None):
        super().__init__(server, address)
        self._room: Event | None = None

    def _send_parts(self, head: bytes, body: StreamedBody) -> bool:
        """Send a response but for its end; return whether all of it was made and sent.

        Otherwise the connection is closed, and a client sees that the body is not whole.
        """
        begun = time.monotonic()
        is_whole = False
        try:
            self._socket.wait_for_peer(limits.STALLED_RESPONSE_SECONDS)
            is_whole = all(self._send_part(part, body.held) for part in body.parts(head))
        except (Exception, Timeout) as problem:
            _log_failure(problem, body.request_id)
            if not body.is_chunked:
                # the end of the connection would be taken for that of the body
                self._socket.reset()
        finally:
            body.close()
        self._let_go_of_body()
        if is_whole:
            self._socket.wait_for_peer(limits.IDLE_SECONDS)
        else:
            self.close()
        log.info(
            "response streamed" if is_whole else "stream broken off",
            bytes=body.size,
            duration_ms=round((time.monotonic() - begun) * 1000, 1),
            request_id=body.request_id,
        )
        return is_whole

    def _send_part(self, part: bytes, held: int) -> bool:
        """Send a part, waiting for the client if need be; return whether it is still there."""
        self._body_in_work = held
        if self._socket.send(part):
            # a body that is made without ever waiting must not keep others waiting
            eventlet.sleep(0)
        elif self.state is not CLOSED:
            self._enter(STREAMING)
            self._note_held()
            self._room = Event()
            self._room.wait()
            self._room = None
        if self.state is STREAMING:
            self._enter(BUSY)
        return self.state is BUSY

    def _go_on_streaming(self) -> None:
        if self._room is not None and not self._room.ready():
            self._room.send()


def _log_failure(problem: BaseException, request_id: str) -> None:
    if isinstance(problem, StreamFailed):
        log.warning("stream failed", reason=str(problem), request_id=request_id)
    elif isinstance(problem, Refused):
        log.warning("stream failed", reason=problem.message, request_id=request_id)
    else:
        log.error("stream failed", exc_info=problem, request_id=request_id)
