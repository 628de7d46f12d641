"""Bodies that a route takes as a stream: files, which may be larger than what we parse at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from schemas.errors import ValidationFailed, fault
from services.process import budgets
from services.transport.http import HttpRequest, Refused
from services.transport.http.messages import JSON_TYPE
from services.transport.http.workers import Place


@dataclass(frozen=True)
class TakesUpload:
    """What a route takes as a stream.

    Args:
        media_types: what it may be, such as ``text/csv``.
        about: what it holds, for the documentation.
        most: bytes.
    """

    media_types: tuple[str, ...]
    about: str
    most: int = budgets.LARGEST_UPLOAD

    def check_head(self, request: HttpRequest) -> None:
        """Refuse a body that its headers say is too large, or of another type.

        The charset of text is not looked at: whoever reads a file can tell by the file, and what
        sends it often can't.

        Raises:
            Refused: 411, 413 or 415.
        """
        request.check_length(self.most)
        if not request.has_body and request.header("Content-Type") is None:
            return
        message = _content_type(request)
        coding = (request.header("Content-Encoding") or "identity").strip().lower()
        media_type, charset = message.get_content_type(), message.get_content_charset("utf-8")
        is_readable = media_type != JSON_TYPE or charset in ("utf-8", "utf8")
        if media_type not in self.media_types or not is_readable or coding != "identity":
            accept = ("Accept", ", ".join(self.media_types))
            raise Refused(415, f"The body must be {' or '.join(self.media_types)}", (accept,))


class Upload:
    """A body that is read while it arrives: iterate over it once, and get pieces of it.

    The method has no worker's place while it waits for a piece. If the client stalls, or leaves,
    iterating raises :class:`Refused`, which becomes the response if there is anybody to get one.

    Args:
        request: its body.
        place: of the method that reads it.
    """

    def __init__(self, request: HttpRequest, place: Place):
        self.media_type = _content_type(request).get_content_type()
        """In lower case, without parameters."""
        self.size = request.content_length
        """In bytes."""
        self._pieces = request.read_pieces()
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces, each of :data:`services.transport.http.limits.BODY_PIECE`."""
        while True:
            with self._place.left():
                piece = next(self._pieces, None)
            if piece is None:
                return
            yield piece


def check_not_empty(request: HttpRequest) -> None:
    """Refuse a request whose body is missing.

    Raises:
        ValidationFailed: it is.
    """
    if not request.has_body:
        problem = fault("", "The body is empty", "min_length", required=1, received=0)
        raise ValidationFailed.of(problem)


def _content_type(request: HttpRequest) -> Message:
    message = Message()
    message["Content-Type"] = request.header("Content-Type") or "none"
    return message
