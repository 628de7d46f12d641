"""What exercises are called and what they are now, as a copy in a service's own database.

A workout keeps the name, ``rep_type`` and ``measure`` that its exercises had when it was logged.
The catalogue may change these at any time, so queries that show an exercise join its row of
``exercise_facts``. The copy follows the feed ``exercises.changes``.

During an upgrade the version before may still run: of this service, and then it copies rows without
their muscles, or of the exercises service, and then the feed may lack them. Such rows are read
again: ``muscles_position`` is set where all of the feed up to a row came with them, and the feed is
followed from the greatest of these. A copy without muscles has ``owner_position`` for the same,
and versions before ``measure_position``.

A row of a private exercise goes when its owner is erased (:mod:`services.dependencies.erasure`).
"""

from collections.abc import Callable
from typing import Any

import orjson

from services.dependencies.cache import Cache
from services.dependencies.catalogue_copy import BATCH, Ask, CatalogueCopy
from services.dependencies.database import Database
from services.transport.postgres.statements import Statement

_COLUMNS = {"name": "text", "rep_type": "text", "measure": "text", "owner_id": "bigint"}
_MUSCLES = {"primary_muscles": "text[]", "secondary_muscles": "text[]"}
_MARKS = ("measure_position", "owner_position")


class _Statements:
    """The statements of a copy.

    Args:
        columns: of an exercise, with their types.
        marks: columns that are set where the feed was complete; it is followed from the last one.
    """

    def __init__(self, columns: dict[str, str], marks: tuple[str, ...]):
        last = marks[-1]
        written = ("position", *columns, *marks)
        given = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        marked = ", ".join("CASE WHEN :is_complete THEN position END" for _ in marks)
        self.positions = Statement(
            f"SELECT coalesce(max({last}), 0), coalesce(max(position), 0) FROM exercise_facts"
        )
        # a page of the feed may have been read before the owner was erased
        self.write = Statement(
            f"""
            INSERT INTO exercise_facts AS known (exercise_id, {", ".join(written)})
            SELECT exercise_id, position, {", ".join(columns)}, {marked}
            FROM json_to_recordset(CAST(:facts AS json))
                AS given (exercise_id bigint, position bigint, {given})
            WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = given.owner_id)
            ON CONFLICT (exercise_id) DO UPDATE
            SET {", ".join(f"{name} = excluded.{name}" for name in written)}
            WHERE (known.position, coalesce(known.{last}, 0))
                < (excluded.position, coalesce(excluded.{last}, 0))
            """
        )
        # what has no mark when the whole feed was read is not in it any more: private exercises
        # that were deleted while the version before copied them
        self.forget_deleted = Statement(
            f"DELETE FROM exercise_facts WHERE {last} IS NULL AND position <= :position"
        )


class ExerciseFacts(CatalogueCopy):
    """Keeps the copy up to date.

    Args:
        generation_key: Redis key of the generation of cached results that show the copy.
        private_generation_key: the same for one user's results, by the user's id: a change of a
            private exercise makes no others stale.
        with_muscles: whether the copy has the columns of muscles.
    """

    outage = ("catalogue", "exercises keep the names that are known of them")

    def __init__(
        self,
        generation_key: str,
        private_generation_key: Callable[[int], str],
        with_muscles: bool = False,
    ):
        super().__init__(generation_key, private_generation_key)
        if with_muscles:
            self._statements = _Statements(_COLUMNS | _MUSCLES, (*_MARKS, "muscles_position"))
        else:
            self._statements = _Statements(_COLUMNS, _MARKS)
        self._told_last = "primary_muscles" if with_muscles else "measure"

    def _follow(self, database: Database, cache: Cache, ask: Ask) -> bool:
        statements = self._statements
        [(position, newest)] = database.fetch(statements.positions)
        is_complete = True
        while changes := ask(position, limit=BATCH):
            position = changes[-1]["position"]
            is_complete = is_complete and all(self._told_last in change for change in changes)
            if is_complete or position > newest:
                with cache.changing(*self._generation_keys(changes)):
                    facts = orjson.dumps(changes).decode()
                    database.fetch(statements.write, facts=facts, is_complete=is_complete)
        if is_complete:
            database.fetch(statements.forget_deleted, position=position)
        return is_complete

    def _generation_keys(self, changes: list[dict[str, Any]]) -> list[str]:
        """Return the keys of what changes make stale; those of private exercises have an owner."""
        owners = {change.get("owner_id") for change in changes}
        return [
            self.generation_key if owner is None else self.private_generation_key(owner)
            for owner in owners
        ]
