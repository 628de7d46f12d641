"""One run of the import: read and stage page after page, then apply all of them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from schemas.errors import BadGateway, Conflict
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises.wger import applying, staging
from services.exercises.wger.client import EXERCISES, Page, WgerClient
from services.exercises.wger.entries import Entry, english_ids, read_entry
from services.exercises.wger.staging import Position
from services.observability.logging import get_logger

log = get_logger(__name__)

MOST_PAGES = 1000
MOST_ENTRIES = 20_000
"""wger has 900; with more something is wrong, such as a list that never ends."""

MOST_MISSING = 100
"""So many entries that were on no page are requested one by one."""


class Import:
    """An import, which holds the import's lock on a database connection of its own.

    Args:
        database: of the exercises.
        cache: of the exercises.
        client: of the wger server.

    Raises:
        Conflict: another process is importing.
        ServiceUnavailable: the database can't be reached.
    """

    def __init__(self, database: Database, cache: Cache, client: WgerClient):
        self.cache = cache
        self.client = client
        self.began = time.monotonic()
        # the outer transaction only translates errors into those that any request gets
        with database.transaction():
            # the lock lives as long as this connection, so it must not go back to a pool
            self._connection = database.connect_apart()
            try:
                self.position = self._begin()
            except BaseException:
                self._connection.close()
                raise

    def run(self) -> dict[str, Any]:
        """Read, stage and apply everything, and return the report.

        Raises:
            ServiceUnavailable: wger failed in every attempt; the next import resumes there.
            BadGateway: wger's response can't be used.
        """
        begun_at = self.position.offset
        log.info("wger import begins", run=self.position.run, offset=begun_at, url=self.client.url)
        english = english_ids(self.client.languages())
        self._read(english)
        is_whole = self._look_for_missing(english)
        with self._step() as connection:
            staging.note_phase(connection, staging.WRITING)
        with self.cache.changing(cache_generations.CATALOGUE), self._step() as connection:
            report = applying.apply(connection, is_whole)
            report["resumed_at"] = begun_at
            report["seconds"] = round(time.monotonic() - self.began, 1)
            staging.note_success(connection, report)
        log.info("wger import done", run=self.position.run, **_in_short(report))
        return report

    def note_failure(self, error: str) -> None:
        """Store why the import ended, if the database can still be reached."""
        log.error("wger import failed", run=self.position.run, reason=error)
        try:
            with self._step() as connection:
                staging.note_failure(connection, error)
        except SQLAlchemyError as problem:
            log.warning("failure not noted", reason=str(problem).split("\n")[0])

    def close(self) -> None:
        """Free the lock, and close the connections."""
        self.client.close()
        try:
            # closing the connection frees it, too, but PostgreSQL may notice that later
            if not self._connection.invalidated:
                with self._step() as connection:
                    staging.unlock(connection)
        except SQLAlchemyError as problem:
            log.info("lock not freed", reason=str(problem).split("\n")[0])
        finally:
            self._connection.close()

    def _begin(self) -> Position:
        with self._step() as connection:
            if not staging.try_lock(connection):
                raise Conflict("An import from wger is running already")
            return staging.begin(connection, self.client.url)

    def _read(self, english: frozenset[int]) -> None:
        offset, total = self.position.offset, self.position.total
        for _ in range(MOST_PAGES):
            page = self.client.page(EXERCISES, offset)
            if offset and offset == self.position.offset and page.count != total:
                log.info("wger's list has changed since it was read, beginning anew")
                offset = self._begin_anew()
                continue
            offset += len(page.results)
            self._keep(page, offset, english)
            if page.ends_at(offset):
                break
            if offset > MOST_ENTRIES:
                raise BadGateway(f"wger has more than {MOST_ENTRIES} exercises, or never ends")
        else:
            raise BadGateway(f"wger has more than {MOST_PAGES} pages, or never ends")
        if not offset:
            # rather than deactivating all exercises
            raise BadGateway("wger has no exercises")

    def _look_for_missing(self, english: frozenset[int]) -> bool:
        """Request active exercises that were on no page; return whether the list is complete."""
        with self._step() as connection:
            if staging.is_whole(connection):
                return True
            missing = staging.missing(connection, MOST_MISSING + 1)
        if len(missing) > MOST_MISSING:
            log.warning("wger's list is not whole, nothing becomes inactive")
            return False
        for external_id in missing:
            given = self.client.exercise(external_id)
            if given is not None:
                with self._step() as connection:
                    staging.add(connection, [read_entry(given, english)])
        return True

    def _begin_anew(self) -> int:
        with self._step() as connection:
            staging.delete_entries(connection)
        self.position = Position(self.position.run, 0, None)
        return 0

    def _keep(self, page: Page, offset: int, english: frozenset[int]) -> None:
        entries = list(_read_entries(page.results, english))
        with self._step() as connection:
            staging.add_page(connection, entries, offset, page.count)
        log.debug("wger page read", offset=offset, total=page.count)

    @contextmanager
    def _step(self) -> Iterator[Connection]:
        """Give the import's connection inside a transaction.

        It is the only one that is used: when it breaks, the lock is gone, another process may be
        importing, and nothing more may be written.
        """
        with self._connection.begin():
            yield self._connection


def _read_entries(results: Iterable[object], english: frozenset[int]) -> Iterator[Entry]:
    for given in results:
        yield read_entry(given, english)
        # let requests of this process run between entries
        eventlet.sleep(0)


def _in_short(report: dict[str, Any]) -> dict[str, Any]:
    skipped = {item["reason"]: item["count"] for item in report["skipped"]}
    return {**report, "skipped": skipped}
