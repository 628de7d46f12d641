"""Comparing the workouts of a file with those that the user has."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import eventlet
import orjson

from services.transport.postgres.statements import Statement
from services.workouts.imports import names
from services.workouts.imports.reading import Findings
from services.workouts.imports.rules import identity, local_times, planning
from services.workouts.imports.rules.documents import Document, sets_of, start_of
from services.workouts.imports.rules.planning import Before
from services.workouts.imports.work import Work
from services.workouts.tables import WHOLE

PAGE = 100

STAGED = """
    SELECT s.place, s.identity, s.document, s.state, m.workout_id, m.content, w.version
    FROM import_workouts s
    LEFT JOIN imported_workouts m ON m.user_id = :user_id AND m.identity = s.identity
    LEFT JOIN workouts w ON w.user_id = :user_id AND w.id = m.workout_id
"""
"""Workouts of a file, each with the one that was imported before by its identity, if any."""

_PAGE = Statement(
    f"{STAGED} WHERE s.import_id = :id AND s.place > :after ORDER BY s.place LIMIT {PAGE}"
)

# Those that the file has itself are none of another app. They are found once and not for each
# candidate: of tables that were just filled PostgreSQL has no statistics, and would take a nested
# loop over all of them.
_CANDIDATES = Statement(
    f"""
    WITH own AS MATERIALIZED (
        SELECT m.workout_id FROM import_workouts s
        JOIN imported_workouts m ON m.user_id = :user_id AND m.identity = s.identity
        WHERE s.import_id = :id AND m.workout_id IS NOT NULL
    )
    SELECT given.place, {WHOLE}
    FROM unnest(CAST(:places AS integer[]), CAST(:names AS text[]), CAST(:days AS date[]),
                CAST(:sets AS integer[])) AS given (place, name, day, sets)
    JOIN workouts w ON w.user_id = :user_id AND w.date BETWEEN given.day - 1 AND given.day + 1
      AND w.name IS NOT DISTINCT FROM given.name AND w.set_count = given.sets
    WHERE w.id NOT IN (SELECT workout_id FROM own)
    """
)
_STATES = Statement(
    """
    UPDATE import_workouts s SET state = given.state
    FROM unnest(CAST(:places AS integer[]), CAST(:states AS text[])) AS given (place, state)
    WHERE s.import_id = :id AND s.place = given.place AND s.state <> given.state
    """
)
_COUNT = Statement(
    "SELECT state, count(*) FROM import_workouts WHERE import_id = :id GROUP BY state"
)
_STORE = Statement("UPDATE imports SET counts = :counts, findings = :findings WHERE id = :id")


class Staged(NamedTuple):
    """A workout of a file, and the one that was imported before by its identity."""

    place: int
    identity: bytes
    document: Document
    state: str
    before: Before | None


def staged(row: tuple[Any, ...]) -> Staged:
    """Return a row of :data:`STAGED`."""
    place, key, text, state, workout_id, content, version = row
    before = None if workout_id is None else Before(workout_id, bytes(content), version)
    return Staged(place, bytes(key), orjson.loads(text), state, before)


class Comparing(Work):
    """Finds out what the workouts of an import are to the user's, and counts them."""

    _exercise_ids: Mapping[str, int]

    def run(self, findings: Findings | None = None) -> None:
        """Compare all workouts, and store their states and counts.

        Args:
            findings: what reading has found; None for what is stored already.
        """
        fetch = self._tools.database.fetch
        self._exercise_ids = names.exercise_ids(fetch, self._of.id)
        times = Findings()
        counts = {"workouts": 0, "sets": 0} | dict.fromkeys(planning.STATES, 0)
        after = 0
        while rows := fetch(_PAGE, id=self._of.id, user_id=self._of.user_id, after=after):
            page = [staged(row) for row in rows]
            self._compare(page, times)
            after = page[-1].place
            counts["workouts"] += len(page)
            counts["sets"] += sum(sets_of(each.document) for each in page)
        counts |= dict(fetch(_COUNT, id=self._of.id))
        stored = _described(findings) if findings is not None else self._of.findings or {}
        stored |= {"times": _described(times)["warnings"]}
        with self._holding() as transaction:
            transaction.send(
                _STORE, id=self._of.id, counts=json.dumps(counts), findings=json.dumps(stored)
            )

    def _compare(self, page: list[Staged], times: Findings) -> None:
        likely = self._likely([each for each in page if each.before is None])
        time_zone = self._of.options.get("time_zone")
        states = []
        for number, each in enumerate(page):
            if number % 10 == 0:
                eventlet.sleep(0)
            if time_zone:
                local_times.warn(each.document, time_zone, times)
            content = identity.content(each.document, self._of.units)
            states.append(planning.state_of(each.before, content, each.place in likely))
        places = [each.place for each in page]
        with self._holding() as transaction:
            transaction.send(_STATES, id=self._of.id, places=places, states=states)
        self._lease.renew()

    def _likely(self, page: list[Staged]) -> set[int]:
        """Return the places of workouts that are likely there."""
        if not page:
            return set()
        rows = self._tools.database.fetch(
            _CANDIDATES,
            id=self._of.id,
            user_id=self._of.user_id,
            places=[each.place for each in page],
            names=[each.document.get("name") for each in page],
            days=[start_of(each.document).date() for each in page],
            sets=[sets_of(each.document) for each in page],
        )
        documents = {each.place: each.document for each in page}
        return {
            place
            for place, other in rows
            if planning.is_likely_same(documents[place], other, self._exercise_ids, self._of.units)
        }


def _described(found: Findings) -> dict[str, Any]:
    return {
        "faults": {
            "list": [each.described() for each in found.faults],
            "count": found.fault_count,
        },
        "warnings": {
            "list": [each.described() for each in found.warnings],
            "count": found.warning_count,
        },
    }
