"""The gateway's memory: answers to reads that can't have changed, given without a worker.

What everybody may read is kept until the catalogue changes, which an event tells every process.
What one user may read is kept with the versions in Redis of whatever it was made from, taken
before it was made; the writer of any of it replaces them before its write is acknowledged, so
an answer that raced with a write is never given. Without Redis nothing personal is remembered.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum

from nameko.extensions import SharedExtension

from gateway.callers import Caller
from gateway.door import Door
from gateway.replies import Body, failure_of, success
from schemas.errors import GymError
from services.dependencies import versions
from services.dependencies.catalogue_news import CatalogueNews
from services.dependencies.tokens import revocation_key
from services.dependencies.web import HttpRequest, WebServer
from services.dependencies.web.messages import request_id_from
from services.dependencies.web.shortcut import Found

MOST_ANSWERS = 20_000
MOST_BYTES = 32 * 1024 * 1024
LIFETIME_SECONDS = 300
ANYBODY = 0
"""In place of a user's id: what is not personal."""


class Kept(Enum):
    """What an answer is made from, and so how long it may be kept."""

    CATALOGUE = "until the catalogue changes"
    WORKOUTS = "until the user's workouts change"
    NUMBERS = "until what analytics knows of the user changes"


VERSION_KEYS: dict[Kept, Callable[[int], str]] = {
    Kept.WORKOUTS: versions.workouts_of,
    Kept.NUMBERS: versions.numbers_of,
}


@dataclass(slots=True)
class Remembered:
    """An answer, and what it depends on."""

    body: Body
    route: str
    version_key: str | None
    version: str | int
    day: date
    ends_at: float

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body.data) + len(self.body.page) + 500


class AnswerMemory(SharedExtension):
    """Remembers answers, bounded in number, size and time."""

    server = WebServer()
    door = Door()
    news = CatalogueNews()

    def __init__(self) -> None:
        super().__init__()
        self._answers: OrderedDict[tuple[int, bytes], Remembered] = OrderedDict()
        self._bytes = 0

    def setup(self) -> None:
        """Offer the memory to the web server."""
        self.server.shortcut = self

    def keeper(
        self, request: HttpRequest, route: str, kept: Kept | None, caller: Caller | None
    ) -> Callable[[Body], None] | None:
        """Return what keeps the answer to a request that is about to be worked on, if it may be.

        Args:
            request: the request.
            route: the route's path.
            kept: what the answer will be made from.
            caller: whose it is.
        """
        if kept is None or request.method != "GET" or (caller is not None and caller.is_admin):
            return None
        key = (ANYBODY if kept is Kept.CATALOGUE else caller.user_id, request.target)
        version_key = None if kept is Kept.CATALOGUE else VERSION_KEYS[kept](caller.user_id)
        version = self._current_version(version_key)
        if version is None:
            return None
        today = _today()

        def keep(body: Body) -> None:
            if version_key is None and version != self._current_version(None):
                return
            ends_at = time.monotonic() + LIFETIME_SECONDS
            self._put(key, Remembered(body, route, version_key, version, today, ends_at))

        return keep

    def find(self, target: bytes, headers: dict[bytes, bytes], peer: str) -> Found | None:
        """Return the answer to a plain GET, or None if it must be made anew."""
        key = (ANYBODY, target)
        entry, caller = self._answers.get(key), None
        if entry is None:
            caller = self.door.known(headers.get(b"authorization"))
            # the same user may have been no administrator when the answer was made
            if caller is None or caller.is_admin:
                return None
            key = (caller.user_id, target)
            entry = self._answers.get(key)
        if entry is None or not self._is_current(entry, caller):
            return None
        self._answers.move_to_end(key)
        return self._give(entry, caller, headers, peer)

    def _give(
        self, entry: Remembered, caller: Caller | None, headers: dict[bytes, bytes], peer: str
    ) -> Found:
        request_id = request_id_from(headers.get(b"x-request-id", b"").decode("latin-1"))
        try:
            self.door.count_read(caller, headers.get(b"x-forwarded-for"), peer)
        except GymError as error:
            answer = failure_of(error, request_id)
        else:
            known_tags = headers.get(b"if-none-match", b"").decode("latin-1")
            answer = success(entry.body, 200, request_id, known_tags or None)
        return Found(answer, entry.route, request_id, caller and caller.user_id)

    def _is_current(self, entry: Remembered, caller: Caller | None) -> bool:
        if time.monotonic() > entry.ends_at or entry.day != _today():
            return False
        if entry.version_key is None:
            return entry.version == self._current_version(None)
        revoked = revocation_key(caller.token_id)
        return self.door.cache.is_version(entry.version, entry.version_key, revoked)

    def _current_version(self, version_key: str | None) -> str | int | None:
        if version_key is not None:
            return self.door.cache.version(version_key)
        return self.news.edition

    def _put(self, key: tuple[int, bytes], entry: Remembered) -> None:
        old = self._answers.pop(key, None)
        self._bytes += entry.size - (old.size if old else 0)
        self._answers[key] = entry
        while len(self._answers) > MOST_ANSWERS or self._bytes > MOST_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= oldest.size


def _today() -> date:
    return datetime.now(UTC).date()
