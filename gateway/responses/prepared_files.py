"""Responses to GETs of files, prepared for the fast path."""

from collections.abc import Callable

from nameko.extensions import SharedExtension

from services.transport.http.plain_get import PlainGet
from services.transport.http.prepared_response import PreparedResponse

Choose = Callable[[PlainGet], PreparedResponse]
"""Returns the response to a request. It depends on nothing but the head, which is read once."""


class PreparedFiles(SharedExtension):
    """What is served to anybody, and is the same as long as the process lives."""

    def __init__(self) -> None:
        super().__init__()
        self._by_target: dict[bytes, Choose] = {}

    def add(self, target: str, choose: Choose) -> None:
        """Add a file by the target of its requests."""
        self._by_target[target.encode()] = choose

    def find(self, get: PlainGet) -> PreparedResponse | None:
        """Return the response to a request, if it asks for a file."""
        choose = self._by_target.get(get.target)
        return None if choose is None else choose(get)
