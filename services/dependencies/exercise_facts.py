"""The current names and measures of exercises, as a copy in a service's own database.

A workout keeps the name, ``rep_type`` and ``measure`` that its exercises had when it was logged.
The catalogue may change these at any time, so queries that show an exercise join its row of
``exercise_facts``. The copy follows the feed ``exercises.changes``.

During an upgrade the version before may still run: of this service, and then it copies rows without
their owner, or of the exercises service, and then the feed may lack measures. Such rows are read
again: ``owner_position`` is set where all of the feed up to a row came with both, and the feed is
followed from the greatest of them. Versions before have ``measure_position`` for the same.

A row of a private exercise goes when its owner is erased (:mod:`services.dependencies.erasure`).
"""

import time
from collections.abc import Callable
from typing import Any

import orjson
from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.cache import Cache
from services.dependencies.catalogue_changes import CatalogueChanges
from services.dependencies.database import Database
from services.observability.outages import Outage
from services.process import budgets
from services.transport.postgres.statements import Statement

BATCH = 1000
"""Changes that are read and written at a time."""

_POSITIONS = Statement(
    "SELECT coalesce(max(owner_position), 0), coalesce(max(position), 0) FROM exercise_facts"
)

# a page of the feed may have been read before the owner was erased
_WRITE = Statement(
    """
    INSERT INTO exercise_facts AS known (exercise_id, name, rep_type, measure, position,
        measure_position, owner_id, owner_position)
    SELECT exercise_id, name, rep_type, measure, position, CASE WHEN :measured THEN position END,
        owner_id, CASE WHEN :measured THEN position END
    FROM json_to_recordset(CAST(:facts AS json)) AS given (exercise_id bigint, name text,
        rep_type text, measure text, position bigint, owner_id bigint)
    WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = given.owner_id)
    ON CONFLICT (exercise_id) DO UPDATE SET name = excluded.name, rep_type = excluded.rep_type,
        measure = excluded.measure, position = excluded.position,
        measure_position = excluded.measure_position, owner_id = excluded.owner_id,
        owner_position = excluded.owner_position
    WHERE (known.position, coalesce(known.owner_position, 0))
        < (excluded.position, coalesce(excluded.owner_position, 0))
    """
)

# what has no owner_position when the whole feed was read is not in it any more: private exercises
# that were deleted while the version before copied them
_FORGET_DELETED = Statement(
    "DELETE FROM exercise_facts WHERE owner_position IS NULL AND position <= :position"
)


class ExerciseFacts(DependencyProvider):
    """Keeps the copy up to date.

    It reads the feed as soon as ``catalogue_changed`` arrives, at the start, after the connection
    to the broker was lost, and every ``FACTS_SECONDS`` in case an event was lost.

    Args:
        generation_key: Redis key of the generation of cached results that show names of the copy.
        private_generation_key: the same for one user's results, by the user's id: a change of a
            private exercise makes no others stale.
    """

    catalogue_changes = CatalogueChanges()

    def __init__(self, generation_key: str, private_generation_key: Callable[[int], str]):
        self.generation_key = generation_key
        self.private_generation_key = private_generation_key
        self._seen: tuple[int | None, int] = None, 0
        self._look_at = 0.0
        self._has_begun = False
        self._outage = Outage("catalogue", "exercises keep the names that are known of them")

    def get_dependency(self, worker_ctx: object) -> "ExerciseFacts":
        """Return the provider itself: the copy belongs to the service, not to a worker."""
        return self

    def keep_up(
        self, database: Database, cache: Cache, ask: Callable[..., list[dict[str, Any]]]
    ) -> None:
        """Bring the copy up to date, if the catalogue may have changed.

        Args:
            database: the service's own.
            cache: the service's own; a change starts a new generation.
            ask: ``exercises.changes``.
        """
        seen = self.catalogue_changes.generation, self.catalogue_changes.private_changes
        if not self._has_begun:
            # the process that changed the copy last may have died before it replaced the generation
            cache.invalidate(self.generation_key)
            self._has_begun = True
        if seen == self._seen and time.monotonic() < self._look_at:
            return
        self._seen = seen
        self._look_at = time.monotonic() + budgets.FACTS_RETRY_SECONDS
        try:
            self._follow(database, cache, ask)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()
            self._look_at = time.monotonic() + budgets.FACTS_SECONDS

    def _follow(
        self, database: Database, cache: Cache, ask: Callable[..., list[dict[str, Any]]]
    ) -> None:
        [(position, newest)] = database.fetch(_POSITIONS)
        measured = True
        while changes := ask(position, limit=BATCH):
            position = changes[-1]["position"]
            measured = measured and all("measure" in change for change in changes)
            if measured or position > newest:
                with cache.changing(*self._generation_keys(changes)):
                    facts = orjson.dumps(changes).decode()
                    database.fetch(_WRITE, facts=facts, measured=measured)
        if measured:
            database.fetch(_FORGET_DELETED, position=position)

    def _generation_keys(self, changes: list[dict[str, Any]]) -> list[str]:
        """Return the keys of what changes make stale; those of private exercises have an owner."""
        owners = {change.get("owner_id") for change in changes}
        return [
            self.generation_key if owner is None else self.private_generation_key(owner)
            for owner in owners
        ]
