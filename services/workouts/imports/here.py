"""Finding the workouts of our own exports among those that the user has.

They have no identity in the app that wrote the file, since that is this one: a workout is known by
its start, its name, and its place among those that are equal in these. Each of the user's is taken
for one of the file at most. The surest go first, of the whole file: those that an import of the
same workout has brought and that have its content, then others with the content, then those that
such an import has brought, then others with the name and start.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import orjson

from schemas.instants import Instant
from services.process.turns import Turns
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.exports.formats import without_ids
from services.workouts.imports.reading import Findings
from services.workouts.imports.reading.own.workouts import Faulty, workout_of
from services.workouts.imports.reading.row import Units
from services.workouts.imports.rules import identity
from services.workouts.imports.rules.documents import Document, document
from services.workouts.imports.rules.planning import CHANGED, SAME, Before, is_there
from services.workouts.imports.staged import Staged
from services.workouts.tables import workout_json

MOST_ALIKE = 20
"""Workouts with one name and start that are looked at."""

MOST_AT_ONCE = 100
MOST_SETS_AT_ONCE = 1000
"""Whole workouts, and sets in them, that are held at a time; one alone may have more sets."""

Key = tuple[str | None, date, datetime | None]
"""Name, day and start of a workout, the start in UTC."""

_ALIKE = Statement(
    f"""
    SELECT given.place - 1, found.id, found.set_count
    FROM unnest(CAST(:names AS text[]), CAST(:days AS date[]), CAST(:starts AS timestamptz[]))
        WITH ORDINALITY AS given (name, day, start, place)
    CROSS JOIN LATERAL (
        SELECT w.id, w.set_count FROM workouts w
        WHERE w.user_id = :user_id AND w.date = given.day
          AND w.name IS NOT DISTINCT FROM given.name
          AND w.started_at IS NOT DISTINCT FROM given.start
        ORDER BY w.id LIMIT {MOST_ALIKE}) found
    ORDER BY given.place, found.id
    """
)
_WHOLE = Statement(
    f"""
    SELECT w.id, ({workout_json(with_kinds=True, owner=":user_id")})::text FROM workouts w
    WHERE w.user_id = :user_id AND w.id = ANY(CAST(:ids AS bigint[]))
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


class _InFile(NamedTuple):
    """A workout of the file: its place, its hashes, and the living one of its identity, if any."""

    place: int
    by_names: bytes
    by_ids: bytes
    alike: list[_Here]
    before: Before | None

    def is_equal(self, other: _Here) -> bool:
        """Return whether a workout has the same content."""
        return other.by_names == self.by_names or other.by_ids == self.by_ids

    @property
    def is_as_imported(self) -> bool:
        """Whether that of its identity has its content."""
        if self.before is None:
            return False
        for other in self.alike:
            if other.workout_id == self.before.workout_id:
                return self.is_equal(other)
        # it has another name or start now: its content is taken to be what it was
        return self.before.content == self.by_names


class WorkoutsHere:
    """Finds the workouts of one file, each at most once.

    Args:
        fetch: runs a statement.
        user_id: whose they are.
        renew: called between statements that take a while.
        turns: lets others run meanwhile.
    """

    def __init__(self, fetch: Fetch, user_id: int, renew: Callable[[], None], turns: Turns):
        self._fetch = fetch
        self._user_id = user_id
        self._renew = renew
        self._turns = turns
        self._here: dict[Key, list[_Here]] = {}
        self._in_file: list[_InFile] = []

    def note(self, page: Sequence[Staged], exercise_ids: Mapping[str, int]) -> None:
        """Note workouts of the file, and those that are here with their names and starts.

        Args:
            page: workouts of the file.
            exercise_ids: by their names in the file, as far as they are known.
        """
        keys = [key_of(each.document) for each in page]
        self._look_up([key for key in dict.fromkeys(keys) if key not in self._here])
        for key, each in zip(keys, page, strict=True):
            self._turns.give_way()
            names = [exercise["name"] for exercise in each.document["exercises"]]
            known = [exercise_ids.get(name, name) for name in names]
            by_names = identity.content(each.document, Units())
            by_ids = identity.content(each.document, Units(), known)
            before = each.before if is_there(each.before) else None
            self._in_file.append(_InFile(each.place, by_names, by_ids, self._here[key], before))

    def found(self) -> dict[int, Found]:
        """Return the workouts that are here, by the places of those of the file."""
        found: dict[int, Found] = {}
        taken: set[int] = set()
        for state, candidates in _STEPS:
            for each in self._in_file:
                self._turns.give_way()
                if each.place in found:
                    continue
                left = (other for other in candidates(each) if other not in taken)
                workout_id = next(left, None)
                if workout_id is not None:
                    taken.add(workout_id)
                    found[each.place] = Found(state, workout_id)
        return found

    def _look_up(self, keys: list[Key]) -> None:
        """Find the workouts that are here with names and starts."""
        if not keys:
            return
        names, days, starts = ([*column] for column in zip(*keys, strict=True))
        rows = self._fetch(_ALIKE, user_id=self._user_id, names=names, days=days, starts=starts)
        hashed: dict[int, _Here] = {}
        for ids in _chunks(rows):
            for workout_id, text in self._fetch(_WHOLE, user_id=self._user_id, ids=ids):
                hashed[workout_id] = _here(workout_id, orjson.loads(text))
                self._turns.give_way()
            self._renew()
        alike: dict[Key, list[_Here]] = defaultdict(list)
        for place, workout_id, _ in rows:
            # one may be deleted in between
            if workout_id in hashed:
                alike[keys[place]].append(hashed[workout_id])
        self._here |= {key: alike[key] for key in keys}


def _chunks(rows: list[tuple[Any, ...]]) -> Iterator[list[int]]:
    """Yield ids of workouts, of so many at a time as may be held."""
    ids: list[int] = []
    sets = 0
    for _, workout_id, set_count in rows:
        if ids and (sets + set_count > MOST_SETS_AT_ONCE or len(ids) == MOST_AT_ONCE):
            yield ids
            ids, sets = [], 0
        ids.append(workout_id)
        sets += set_count
    if ids:
        yield ids


def _of_the_identity_and_equal(each: _InFile) -> Iterator[int]:
    if each.before is not None and each.is_as_imported:
        yield each.before.workout_id


def _equal(each: _InFile) -> Iterator[int]:
    return (other.workout_id for other in each.alike if each.is_equal(other))


def _of_the_identity(each: _InFile) -> Iterator[int]:
    if each.before is not None:
        yield each.before.workout_id


def _alike(each: _InFile) -> Iterator[int]:
    return (other.workout_id for other in each.alike)


_STEPS: tuple[tuple[str, Callable[[_InFile], Iterator[int]]], ...] = (
    (SAME, _of_the_identity_and_equal),
    (SAME, _equal),
    (CHANGED, _of_the_identity),
    (CHANGED, _alike),
)


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
