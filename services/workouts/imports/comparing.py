"""Comparing the workouts of a file with those that the user has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from services.transport.postgres.statements import Statement
from services.workouts.imports import names
from services.workouts.imports.here import Found, WorkoutsHere, key_of, key_of_logged
from services.workouts.imports.leases import Lease
from services.workouts.imports.reading import Findings
from services.workouts.imports.rules import identity, local_times, planning
from services.workouts.imports.rules.documents import HERE, sets_of, start_of
from services.workouts.imports.staged import Staged, rows_of, staged
from services.workouts.imports.tools import Tools
from services.workouts.imports.work import Work
from services.workouts.tables import WHOLE_OF_USER

PAGE = 100
MOST_ALIKE = 100
"""Workouts of three days, with one name and number of sets, that are looked at."""

_PAGE = Statement(rows_of("s.place > :after", "s.place", PAGE))
# Those that the file has itself are none of another app. All is looked up row by row, which the
# limits see to: of tables that were just filled PostgreSQL has no statistics, and would join all.
_CANDIDATES = Statement(
    f"""
    SELECT given.place, {WHOLE_OF_USER}
    FROM unnest(CAST(:places AS integer[]), CAST(:names AS text[]), CAST(:days AS date[]),
                CAST(:sets AS integer[])) AS given (place, name, day, sets)
    CROSS JOIN LATERAL (
        SELECT * FROM workouts w
        WHERE w.user_id = :user_id AND w.date BETWEEN given.day - 1 AND given.day + 1
          AND w.name IS NOT DISTINCT FROM given.name AND w.set_count = given.sets
        ORDER BY w.date LIMIT {MOST_ALIKE}) w
    WHERE (
        SELECT true FROM imported_workouts m
        WHERE m.user_id = w.user_id AND m.workout_id = w.id AND (
            SELECT true FROM import_workouts s
            WHERE s.import_id = :id AND s.identity = m.identity LIMIT 1)
        LIMIT 1) IS NULL
    """
)
_STATES = Statement(
    """
    UPDATE import_workouts s SET state = given.state
    FROM unnest(CAST(:places AS integer[]), CAST(:states AS text[])) AS given (place, state)
    WHERE s.import_id = :id AND s.place = given.place AND s.state <> given.state
    """
)
_LINK = Statement(
    """
    UPDATE import_workouts s SET document = given.document
    FROM unnest(CAST(:places AS integer[]), CAST(:documents AS text[])) AS given (place, document)
    WHERE s.import_id = :id AND s.place = given.place
    """
)
_BEGINNING = Statement(
    """
    SELECT document FROM import_workouts
    WHERE import_id = :id AND start = ANY(CAST(:starts AS timestamp[]))
    LIMIT 1000
    """
)
_COUNT = Statement(
    "SELECT state, count(*) FROM import_workouts WHERE import_id = :id GROUP BY state"
)
_STORE = Statement("UPDATE imports SET counts = :counts, findings = :findings WHERE id = :id")


class Comparing(Work):
    """Finds out what the workouts of an import are to the user's, and counts them.

    Args:
        tools: what is needed of the service.
        lease: of the import.
        is_own_export: whether its file is one of our own exports.
    """

    def __init__(self, tools: Tools, lease: Lease, is_own_export: bool):
        super().__init__(tools, lease)
        self._exercise_ids: Mapping[str, int] = {}
        self._is_own_export = is_own_export

    def run(self, findings: Findings | None = None) -> None:
        """Compare all workouts, and store their states and counts.

        Args:
            findings: what reading has found; None for what is stored already.
        """
        fetch = self._tools.database.fetch
        # no workout of before has an exercise that a turn before this one has made
        self._exercise_ids = names.exercise_ids_before(fetch, self._of.id)
        times = Findings()
        counts = {"workouts": 0, "sets": 0} | dict.fromkeys(planning.STATES, 0)
        here = self._find_here()
        for page in self._pages():
            self._compare(page, here, times)
            counts["workouts"] += len(page)
            counts["sets"] += sum(sets_of(each.document) for each in page)
        counts |= dict(fetch(_COUNT, id=self._of.id))
        stored = _described(findings) if findings is not None else self._of.findings or {}
        stored |= {"times": _described(times)["warnings"]}
        with self._holding() as transaction:
            transaction.send(
                _STORE, id=self._of.id, counts=json.dumps(counts), findings=json.dumps(stored)
            )

    def _pages(self) -> Iterator[list[Staged]]:
        which = {"id": self._of.id, "user_id": self._of.user_id}
        after = 0
        while rows := self._tools.database.fetch(_PAGE, **which, after=after):
            page = [staged(row) for row in rows]
            yield page
            after = page[-1].place

    def _find_here(self) -> dict[int, Found]:
        """Return the workouts of our own export that are here, by their places in the file."""
        if not self._is_own_export:
            return {}
        here = WorkoutsHere(
            self._tools.database.fetch, self._of.user_id, self._lease.renew, self._turns
        )
        for page in self._pages():
            here.note(page, self._exercise_ids)
        return here.found()

    def _compare(self, page: list[Staged], here: Mapping[int, Found], times: Findings) -> None:
        self._link(page, here)
        others = [each for each in page if each.place not in here and self._before(each) is None]
        likely = self._likely(others)
        time_zone = self._of.options.get("time_zone")
        states = []
        for each in page:
            self._turns.give_way()
            if time_zone:
                local_times.warn(each.document, time_zone, times)
            planning.warn_of_distances(each.document, self._of.units, times)
            if each.place in here:
                states.append(here[each.place].state)
                continue
            content = identity.content(each.document, self._of.units)
            states.append(planning.state_of(self._before(each), content, each.place in likely))
        places = [each.place for each in page]
        with self._holding() as transaction:
            transaction.send(_STATES, id=self._of.id, places=places, states=states)
        self._lease.renew()

    def _before(self, each: Staged) -> planning.Before | None:
        """Return the workout imported before of one that is not here."""
        if self._is_own_export and planning.is_there(each.before):
            # another workout of the file was found to be that one
            return None
        return each.before

    def _link(self, page: list[Staged], here: Mapping[int, Found]) -> None:
        """Note which workouts those of our own export would change."""
        changed = [
            (each.place, orjson.dumps(each.document | {HERE: here[each.place].workout_id}).decode())
            for each in page
            if each.place in here and here[each.place].state == planning.CHANGED
        ]
        if changed:
            places, documents = (list(column) for column in zip(*changed, strict=True))
            with self._holding() as transaction:
                transaction.send(_LINK, id=self._of.id, places=places, documents=documents)

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
        likely = [
            (place, other)
            for place, other in rows
            if planning.is_likely_same(documents[place], other, self._exercise_ids, self._of.units)
        ]
        if self._is_own_export:
            likely = self._without_those_of_the_file(likely)
        return {place for place, _ in likely}

    def _without_those_of_the_file(
        self, likely: list[tuple[int, dict[str, Any]]]
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return likely ones that the file does not have itself, at another place."""
        starts = [local_times.start_of_logged(other) for _, other in likely]
        rows = self._tools.database.fetch(_BEGINNING, id=self._of.id, starts=starts)
        in_file = {key_of(orjson.loads(text)) for (text,) in rows}
        return [each for each in likely if key_of_logged(each[1]) not in in_file]


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
