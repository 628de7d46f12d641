"""What the workouts service holds of a user, for them to take along."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from schemas.errors import NotFound
from schemas.exports import JSON
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.dependencies.taking_out import LARGEST, Document, Table, part, row
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.exports import pages
from services.workouts.exports.formats import FORMATS, without_ids
from services.workouts.exports.private import Entries, mark, private_ids
from services.workouts.imports import requests
from services.workouts.measurements.rows import SHOWN as MEASUREMENT

MOST = 500

_NEXT_IMPORT = Statement("SELECT min(id) FROM imports WHERE user_id = :user_id AND id > :after")
_LEARNED = Statement(
    f"""
    SELECT json_build_object('name', l.name, 'exercise_id', l.exercise_id, 'exercise_name', f.name)
    FROM learned_names l LEFT JOIN exercise_facts f USING (exercise_id)
    WHERE l.user_id = :user_id AND l.name > :after ORDER BY l.name LIMIT {MOST}
    """
)
_IMPORTED = Statement(
    f"""
    SELECT json_build_object('workout_id', workout_id, 'import_id', import_id),
        encode(identity, 'hex')
    FROM imported_workouts
    WHERE user_id = :user_id AND identity > decode(:after, 'hex') ORDER BY identity LIMIT {MOST}
    """
)
_CLIENT_IDS = Statement(
    f"""
    SELECT json_build_object('client_id', client_id, 'workout_id', workout_id) FROM client_ids
    WHERE user_id = :user_id
      AND (CAST(:after AS uuid) IS NULL OR client_id > CAST(:after AS uuid))
    ORDER BY client_id LIMIT {MOST}
    """
)
_MEASUREMENTS = Statement(
    f"""
    SELECT {MEASUREMENT} FROM measurements m
    WHERE user_id = :user_id AND id > :after ORDER BY id LIMIT {MOST}
    """
)


class Source(NamedTuple):
    """What the tables are read by.

    Attributes:
        fetch: runs a statement.
        entries: returns the entries of exercises that a user can log.
    """

    fetch: Fetch
    entries: Entries


def _workouts(
    source: Source, user_id: int, place: dict[str, Any] | None
) -> tuple[list[Document], dict[str, Any] | None]:
    if place is None:
        private = private_ids(source.fetch, source.entries, user_id)
        place = {"after": pages.FIRST, "private": private}
    found = pages.page(source.fetch, user_id, (None, None), place["after"])
    if not found:
        return [], None
    own, size = {*place["private"]}, 0
    documents: list[Document] = []
    # one with long notes may have a megabyte, and fifty of them would be no message
    for workout, after in found:
        if size >= LARGEST:
            break
        documents.append(mark(workout, own))
        place = place | {"after": after}
        size += len(orjson.dumps(workout))
    return documents, place


_OF_WORKOUT = {
    "workout_id": "id",
    "client_id": "client_id",
    **{
        name: name
        for name in (
            *("date", "started_at", "ended_at", "time_zone", "duration_minutes", "version"),
            *("created_at", "updated_at"),
        )
    },
    "workout_name": "name",
    "workout_notes": "notes",
}
_OF_EXERCISE = {
    **{name: name for name in ("exercise_id", "exercise_name", "owner", "measure")},
    **{name: name for name in ("order_index", "superset")},
    "exercise_notes": "notes",
}
_OF_SET = {
    **{
        name: name
        for name in (
            *("set_number", "set_type", "weight", "unit", "reps", "duration_seconds"),
            *("distance_m", "rpe", "rir", "rest_seconds"),
        )
    },
    "set_notes": "notes",
}
"""The columns of a row, by the members that they are."""


def _sets(workout: Document) -> Iterator[list[str]]:
    """Yield a row for each set, and one for what has none.

    Notes stand in the first row of what they are of. They may be long, and a spreadsheet that
    repeats them can't be read.
    """
    own, own_again = _twice(workout, _OF_WORKOUT)
    for exercise in workout["exercises"] or [{"sets": []}]:
        told, told_again = _twice(exercise, _OF_EXERCISE)
        for logged in exercise["sets"] or [{}]:
            yield [*own, *told, *row(logged, _OF_SET.values())]
            own, told = own_again, told_again


def _twice(document: Document, columns: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the cells of a document, and the same without notes."""
    cells = row(document, columns.values())
    names = columns.values()
    return cells, ["" if name == "notes" else each for name, each in zip(names, cells, strict=True)]


def _imports(source: Source, user_id: int, after: int | None) -> tuple[list[Document], int | None]:
    [(import_id,)] = source.fetch(_NEXT_IMPORT, user_id=user_id, after=after or 0)
    if import_id is None:
        return [], None
    found = []
    # it may have been deleted meanwhile
    with suppress(NotFound):
        found.append(requests.show(source.fetch, user_id, import_id))
    return found, import_id


def _learned(source: Source, user_id: int, after: str | None) -> tuple[list[Document], str | None]:
    found = [each for (each,) in source.fetch(_LEARNED, user_id=user_id, after=after or "")]
    return found, found[-1]["name"] if len(found) == MOST else None


def _imported(source: Source, user_id: int, after: str | None) -> tuple[list[Document], str | None]:
    found = source.fetch(_IMPORTED, user_id=user_id, after=after or "")
    return [each for each, _ in found], found[-1][1] if len(found) == MOST else None


def _client_ids(
    source: Source, user_id: int, after: str | None
) -> tuple[list[Document], str | None]:
    found = [each for (each,) in source.fetch(_CLIENT_IDS, user_id=user_id, after=after)]
    return found, found[-1]["client_id"] if len(found) == MOST else None


def _measurements(
    source: Source, user_id: int, after: int | None
) -> tuple[list[Document], int | None]:
    rows = source.fetch(_MEASUREMENTS, user_id=user_id, after=after or 0)
    found = [each for (each,) in rows]
    return found, found[-1]["id"] if len(found) == MOST else None


TABLES = (
    Table(
        "workouts",
        "Your workouts with all exercises and sets. workouts.json can be imported again, here or "
        "into another account (POST /api/imports); workouts.csv has a row for each set.",
        [*_OF_WORKOUT, *_OF_EXERCISE, *_OF_SET],
        _workouts,
        stored_in=["workouts", "workout_exercises", "exercise_sets"],
        cells=_sets,
        shown=without_ids,
        before=FORMATS[JSON].head(""),
        after=FORMATS[JSON].tail,
    ),
    Table(
        "client_ids",
        "Ids that your apps have given to workouts, also to those that you have deleted since.",
        ["client_id", "workout_id"],
        _client_ids,
        stored_in=["client_ids"],
    ),
    Table(
        "measurements",
        "Measurements of your body, in the units that they were given in.",
        [
            *("id", "kind", "value", "unit", "measured_at", "external_id", "version"),
            *("created_at", "updated_at"),
        ],
        _measurements,
        stored_in=["measurements"],
    ),
    Table(
        "imports",
        "The files of other apps that you have sent, what was found in them, and what became of "
        "them. The files themselves are not kept.",
        [
            *("id", "name", "source", "status", "created_at", "applied_at", "added", "updated"),
            *("kept", "counts.workouts", "counts.sets", "fault_count", "warning_count"),
            "error.message",
        ],
        _imports,
        stored_in=["imports"],
    ),
    Table(
        "imported_workouts",
        "Which workouts came from which of these files, also those that you have deleted since.",
        ["workout_id", "import_id"],
        _imported,
        stored_in=["imported_workouts"],
    ),
    Table(
        "learned_names",
        "Names in such files, and the exercises that you have said they are.",
        ["name", "exercise_id", "exercise_name"],
        _learned,
        stored_in=["learned_names"],
    ),
)

LEFT_OUT: Mapping[str, str] = {
    "workout_changes": "when which version was written, for analytics; workouts has the last one",
    "measurement_changes": "in which order they were changed; measurements has the last version",
    "idempotency_keys": "answers to requests, for a day, with the workouts that are in workouts",
    "exercise_merges": "work on merges; merged_into of exercises says what came of it",
    "outbox": "events on their way to the broker",
    "exercise_facts": "copies of the names of private exercises, which exercises has",
    "erased_users": "ids of accounts that are gone",
}
"""Tables of users that are not taken out, each with the reason."""


class TakeOutMethods:
    """The part of the workouts service that gives users what it holds of them."""

    database: Database
    _entries: Callable[[int, set[int]], list[dict[str, Any]]]

    @rpc
    def take_out(self, user_id: int, after: list[Any] | None = None) -> dict[str, Any]:
        """Return the next part of all that this service holds of a user, as files.

        Args:
            user_id: the user.
            after: ``next`` of the part before; None for the first.

        Returns:
            ``{"files": {"workouts.json": more of its text}, "about": {"workouts": what is in it},
            "next"}``: about 128 KB, and what to ask for the next part with; None if this is the
            last one. ``about`` has what begins in this part. A workout that is changed meanwhile
            is as it is when its part is read.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable: the database is away, or the exercises service, which tells what
                exercises are private.

        Example:
            ``n.rpc.workouts.take_out(1)``
        """
        source = Source(self.database.fetch, self._entries)
        return part(TABLES, source, checked_user(user_id), after)
