"""Finding the workouts of our own exports among those that the user has.

They have no identity in the app that wrote the file, since that is this one: a workout is known by
its start, its name, and its place among those that are equal in these, of which those with the same
content come first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import eventlet
import orjson

from schemas.instants import Instant
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.exports.formats import without_ids
from services.workouts.imports.reading import Findings
from services.workouts.imports.reading.own.workouts import Faulty, workout_of
from services.workouts.imports.reading.row import Units
from services.workouts.imports.rules import identity
from services.workouts.imports.rules.documents import Document, document
from services.workouts.imports.rules.planning import CHANGED, SAME, state_of
from services.workouts.imports.staged import Staged
from services.workouts.tables import workout_json

MOST_ALIKE = 20
"""Workouts with one name and start that are looked at."""

AT_ONCE = 5
"""Workouts after which other greenthreads have their turn."""

Key = tuple[str | None, date, datetime | None]
"""Name, day and start of a workout, the start in UTC."""

_ALIKE = Statement(
    f"""
    SELECT given.place - 1, found.id, found.text
    FROM unnest(CAST(:names AS text[]), CAST(:days AS date[]), CAST(:starts AS timestamptz[]))
        WITH ORDINALITY AS given (name, day, start, place)
    CROSS JOIN LATERAL (
        SELECT w.id, ({workout_json(with_kinds=True)})::text AS text FROM workouts w
        WHERE w.user_id = :user_id AND w.date = given.day
          AND w.name IS NOT DISTINCT FROM given.name
          AND w.started_at IS NOT DISTINCT FROM given.start
        ORDER BY w.id LIMIT {MOST_ALIKE}) found
    ORDER BY given.place, found.id
    """
)


class Found(NamedTuple):
    """A workout that is here, and what the file's is to it."""

    state: str
    workout_id: int


class _Here(NamedTuple):
    """A workout that is here: hashes of its content, with exercises by names and by ids."""

    workout_id: int
    by_names: bytes | None
    by_ids: bytes | None


class WorkoutsHere:
    """Finds the workouts of one file, each at most once.

    Args:
        fetch: runs a statement.
        user_id: whose they are.
    """

    def __init__(self, fetch: Fetch, user_id: int):
        self._fetch = fetch
        self._user_id = user_id
        self.found: set[int] = set()

    def find(self, page: Sequence[Staged], exercise_ids: Mapping[str, int]) -> dict[int, Found]:
        """Return the workouts that are here, by the places of those of the file.

        Args:
            page: workouts of the file.
            exercise_ids: by their names in the file, as far as they are known.
        """
        here = self._alike(page)
        found: dict[int, Found] = {}
        for number, each in enumerate(page):
            if number % AT_ONCE == 0:
                eventlet.sleep(0)
            names = [exercise["name"] for exercise in each.document["exercises"]]
            by_names = identity.content(each.document, Units())
            by_ids = identity.content(
                each.document, Units(), [exercise_ids.get(name, name) for name in names]
            )
            for other in self._left(here[key_of(each.document)]):
                if other.by_names == by_names or other.by_ids == by_ids:
                    found[each.place] = self._take(SAME, other.workout_id)
                    break
        for each in page:
            if each.place not in found:
                other_found = self._changed(each, here[key_of(each.document)])
                if other_found is not None:
                    found[each.place] = other_found
        return found

    def _changed(self, each: Staged, alike: list[_Here]) -> Found | None:
        """Return the workout with another content, or one that has another name or start now."""
        for other in self._left(alike):
            return self._take(CHANGED, other.workout_id)
        before = each.before
        if before is None or before.version is None or before.workout_id in self.found:
            return None
        content = identity.content(each.document, Units())
        return self._take(state_of(before, content, is_likely=False), before.workout_id)

    def _left(self, alike: list[_Here]) -> list[_Here]:
        return [other for other in alike if other.workout_id not in self.found]

    def _take(self, state: str, workout_id: int) -> Found:
        self.found.add(workout_id)
        return Found(state, workout_id)

    def _alike(self, page: Sequence[Staged]) -> dict[Key, list[_Here]]:
        """Return the workouts with the names and starts of others."""
        keys = [*dict.fromkeys(key_of(each.document) for each in page)]
        names, days, starts = ([*column] for column in zip(*keys, strict=True))
        rows = self._fetch(_ALIKE, user_id=self._user_id, names=names, days=days, starts=starts)
        found: dict[Key, list[_Here]] = defaultdict(list)
        for number, (place, workout_id, text) in enumerate(rows):
            if number % AT_ONCE == 0:
                eventlet.sleep(0)
            found[keys[place]].append(_here(workout_id, orjson.loads(text)))
        return found


def _here(workout_id: int, workout: dict[str, Any]) -> _Here:
    as_in_a_file = _document(workout)
    if as_in_a_file is None:
        return _Here(workout_id, None, None)
    ids = [exercise["exercise_id"] for exercise in workout["exercises"]]
    return _Here(
        workout_id,
        identity.content(as_in_a_file, Units()),
        identity.content(as_in_a_file, Units(), ids),
    )


def _document(workout: dict[str, Any]) -> Document | None:
    try:
        return document(workout_of(without_ids(workout), 0), datetime.now(UTC), Findings())
    except Faulty:
        # what could be logged once, and can't any more
        return None


def key_of(of: Document) -> Key:
    """Return what a workout of one of our own exports is known by."""
    return _key(of.get("name"), of["times"]["date"], of["times"].get("started_at"))


def key_of_logged(workout: dict[str, Any]) -> Key:
    """Return what a workout that was logged is known by."""
    return _key(workout["name"], workout["date"], workout["started_at"])


def _key(name: str | None, day: str, sent: str | None) -> Key:
    start = Instant.parse(sent or "")
    return name, date.fromisoformat(day), None if start is None else start.at
