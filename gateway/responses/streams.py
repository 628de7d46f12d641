"""Responses that are made while they are sent: exports, which are larger than any message."""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from schemas.errors import GymError
from services.observability import tracing
from services.transport.http import Response
from services.transport.http.messages import PERSONAL, VARIES_BY_CALLER, Headers, StreamFailed
from services.transport.http.workers import Place

_FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class StreamedReply:
    """What a method of a route with ``shows=stream_of(...)`` returns.

    Args:
        pieces: the body, usually a generator that calls a service for each page. It is advanced
            only while the client reads, in a worker's place that it leaves in between; each of its
            steps has the time of a request. A piece is held until all of it has been read, and
            counts for the bounds of memory, so pieces should have less than about 200 KB. Whatever
            is raised before the first piece becomes the response; later it breaks the response
            off. A generator is closed at the end, also when the client has left.
        media_type: such as ``text/csv; charset=utf-8``.
        file_name: under which a browser saves it; ASCII letters, digits, dots and hyphens.
        headers: further headers.
        waits: whether its steps wait for something to happen, which may take hours. They have no
            worker's place then and no time limit, and the stream is none of the caller's share; so
            their number has to be bounded otherwise.
    """

    pieces: Iterable[bytes]
    media_type: str
    file_name: str | None = None
    headers: Headers = ()
    waits: bool = False

    def __post_init__(self) -> None:
        """Refuse a name that a header can't carry as it is."""
        if self.file_name is not None and not _FILE_NAME.fullmatch(self.file_name):
            raise ValueError(f"not the name of a file: {self.file_name!r}")


class StreamOfPieces:
    """The body of such a response, as the web server takes it.

    Args:
        pieces: the body.
        place: of the worker that returned it; None for steps that need none.
        held: what is let go of at the end.
    """

    def __init__(self, pieces: Iterable[bytes], place: Place | None, held: ExitStack):
        self._pieces = iter(pieces)
        self._place = place
        self._held = held
        self._first: bytes | None = None
        # for steps after the request's own span has ended
        self._parent = tracing.carried().get(tracing.HEADER)

    def begin(self) -> None:
        """Make the first piece, while an error can still become the response."""
        self._first = self._make_next()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        piece, self._first = self._first, None
        while piece is not None:
            yield piece
            try:
                piece = self._make_next()
            except GymError as problem:
                raise StreamFailed(f"{problem.code}: {problem.message}") from problem

    def close(self) -> None:
        """End the generator, and let go of the caller's shares."""
        with self._held:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()

    def _make_next(self) -> bytes | None:
        if self._place is None:
            return next(self._pieces, None)
        with self._place.taken(), tracing.span(tracing.SERVER, "next piece", self._parent):
            return next(self._pieces, None)


def stream_response(
    reply: StreamedReply,
    status: int,
    place: Place,
    held: ExitStack,
    *,
    personal: bool,
    varies: bool,
) -> Response:
    """Return a response with a stream, the first piece of which has been made.

    Args:
        reply: what the route's method returned.
        status: the route's status.
        place: of the worker that returned it.
        held: what is let go of at the end of the stream.
        personal: whether the response is for this caller only.
        varies: whether other callers may get another response.
    """
    stream = StreamOfPieces(reply.pieces, None if reply.waits else place, held)
    with ExitStack() as failed:
        failed.callback(stream.close)
        stream.begin()
        failed.pop_all()
    headers: list[tuple[str, str]] = [("Content-Type", reply.media_type), *reply.headers]
    if reply.file_name is not None:
        headers.append(("Content-Disposition", f'attachment; filename="{reply.file_name}"'))
    if personal:
        headers.append(PERSONAL)
    if varies:
        headers.append(VARIES_BY_CALLER)
    return Response(status, b"", tuple(headers), stream)
