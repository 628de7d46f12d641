"""Brings the catalogue's own exercises into the database when the service starts."""

from collections.abc import Callable

from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.events import EventDispatcher
from services.dependencies.siblings import sibling
from services.exercises import catalogue, indexing, writes
from services.exercises.events import dispatch_catalogue_changed
from services.exercises.wger import filling
from services.observability.logging import get_logger
from services.process.retrying import retry

log = get_logger(__name__)

RETRY_SECONDS = (0.2, 0.5, 1, 2, 5)
"""Pauses between attempts while the database is away; the last one repeats."""


class NotSeeded(Exception):
    """The exercises of the catalogue are not in the database yet."""


class SeededCatalogue(DependencyProvider):
    """Adds the exercises of ``catalogue.json`` that are missing, and updates those that differ.

    Until then ``ping`` raises and the service is not ready, so nobody who waits for that sees an
    empty catalogue.
    """

    part = "catalogue"
    optional = False

    def __init__(self) -> None:
        self._done = False

    def start(self) -> None:
        """Begin in the background; the service starts whether the database is there or not."""
        self.container.spawn_managed_thread(self._seed, identifier="exercises.seed")

    def ping(self) -> None:
        """Raise until the exercises are there."""
        if not self._done:
            raise NotSeeded("the catalogue is not in the database yet")

    def _seed(self) -> None:
        database, cache = sibling(self.container, Database), sibling(self.container, Cache)
        retry(lambda: seed(database, cache), GymError, RETRY_SECONDS, _warn("not seeded yet"))
        self._done = True
        dispatcher = sibling(self.container, EventDispatcher)
        dispatch_catalogue_changed(dispatcher)
        not_yet = _warn("not indexed yet")
        if retry(lambda: index(database, cache), GymError, RETRY_SECONDS, not_yet):
            # others find other exercises by the same words now, and may have cached a search
            dispatch_catalogue_changed(dispatcher)


def seed(database: Database, cache: Cache) -> writes.Saved:
    """Write the catalogue's exercises; several processes may do it at once.

    Imported exercises that have no measure yet get theirs, too.
    """
    with database.transaction() as connection:
        saved = writes.save(connection, catalogue.read())
    filled = filling.fill(database)
    if saved.added or saved.changed or filled:
        cache.invalidate(cache_generations.CATALOGUE)
        log.info("catalogue seeded", added=saved.added, changed=saved.changed, measured=filled)
    return saved


def index(database: Database, cache: Cache) -> int:
    """Index exercises that an earlier version has indexed; several processes may do it at once."""
    changed = indexing.index_all(database)
    if changed:
        cache.invalidate(cache_generations.CATALOGUE)
        log.info("catalogue indexed", changed=changed)
    return changed


def _warn(what: str) -> Callable[[Exception], None]:
    return lambda problem: log.warning(f"catalogue {what}", reason=str(problem))
