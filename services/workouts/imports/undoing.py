"""Undoing an import in the background: what it brought is taken out, and what it changed put back.

A workout that was edited since stays, unless the undo is forced.
"""

import time
from typing import Any, NamedTuple

from schemas.errors import BusinessRuleViolation, NotFound
from schemas.instants import Instant
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Statement, Together
from services.workouts import feed, merging, private_exercises, times, user_lock, writes
from services.workouts.imports import completed, imported, records
from services.workouts.imports.work import Work
from services.workouts.rules import Plan, totals

BATCH = 100
MOST_SETS_AT_ONCE = 2000
"""After which no workout is taken out any more by the same statement."""

_UPDATES = Statement(
    """
    SELECT workout_id, identity, version, content_before, workout_before
    FROM import_updates WHERE import_id = :id ORDER BY workout_id LIMIT 20
    """
)
_FORGET_UPDATE = Statement(
    "DELETE FROM import_updates WHERE import_id = :id AND workout_id = :workout_id"
)
# a statement of its own: the next one sees what those who had a lock have written
_LOCK = Statement(
    f"""
    SELECT w.id FROM imported_workouts m
    JOIN workouts w ON w.user_id = :user_id AND w.id = m.workout_id
    WHERE m.import_id = :id AND m.workout_id > :position
    ORDER BY m.workout_id LIMIT {BATCH} FOR UPDATE OF w
    """
)
_TAKE_OUT = Statement(
    f"""
    WITH chosen AS MATERIALIZED (
        SELECT identity, workout_id, restored_from, is_kept FROM (
            SELECT m.identity, m.workout_id, m.restored_from,
                (w.version <> m.version AND NOT CAST(:force AS boolean)) IS TRUE AS is_kept,
                sum(coalesce(w.set_count, 0)) OVER (ORDER BY m.workout_id)
                    - coalesce(w.set_count, 0) AS sets_before
            FROM (
                SELECT identity, workout_id, version, restored_from FROM imported_workouts
                WHERE import_id = :id AND workout_id > :position
                ORDER BY workout_id LIMIT {BATCH}) m
            LEFT JOIN workouts w ON w.user_id = :user_id AND w.id = m.workout_id) m
        WHERE sets_before < {MOST_SETS_AT_ONCE}
    ), gone AS (
        DELETE FROM workouts w USING chosen c
        WHERE w.user_id = :user_id AND w.id = c.workout_id AND NOT c.is_kept
        RETURNING w.client_id, c.restored_from
    ), unknown_again AS (
        DELETE FROM client_ids i USING gone g
        WHERE i.user_id = :user_id AND i.client_id = g.client_id
          AND i.body_hash IS NULL AND g.restored_from IS NULL
    ), forgotten AS (
        DELETE FROM imported_workouts m USING chosen c
        WHERE m.user_id = :user_id AND m.identity = c.identity AND NOT c.is_kept
          AND c.restored_from IS NULL
    ), deleted_as_before AS (
        UPDATE imported_workouts m SET import_id = c.restored_from, restored_from = NULL
        FROM chosen c
        WHERE m.user_id = :user_id AND m.identity = c.identity AND NOT c.is_kept
          AND c.restored_from IS NOT NULL
    )
    SELECT max(workout_id), count(*), count(*) FILTER (WHERE is_kept) FROM chosen
    """
)
_MARK = Statement(
    """
    UPDATE imports SET done = least(done + :done, total), kept = kept + :kept, failures = 0,
        position = :position
    WHERE id = :id
    """
)
_MADE = Statement(
    """
    SELECT name, exercise_id FROM import_names
    WHERE import_id = :id AND is_made AND exercise_id IS NOT NULL
    """
)
_UNMADE = Statement(
    "UPDATE import_names SET is_made = false WHERE import_id = :id AND name = :name"
)
_UNLEARN = Statement(
    "DELETE FROM learned_names WHERE user_id = :user_id AND exercise_id = :exercise_id"
)
# what this import had brought first, and another one restored, is not known from it any more
_FORGET_FIRST = Statement(
    """
    UPDATE imported_workouts SET restored_from = NULL
    WHERE user_id = :user_id AND restored_from = :id
    """
)
_DONE = Statement(f"UPDATE imports SET status = '{records.UNDONE}', failures = 0 WHERE id = :id")


class _Update(NamedTuple):
    """A change of a workout by an import; ``before`` is the whole workout as it was."""

    workout_id: int
    identity: memoryview
    version: int
    content: memoryview
    before: dict[str, Any]


class Undoing(Work):
    """Takes out what an import has brought."""

    @property
    def _force(self) -> bool:
        return bool(self._of.options.get("force"))

    def run(self, until: float) -> None:
        """Take a batch of workouts out, and more until a time on the monotonic clock."""
        while True:
            with self._tools.changing(self._of.user_id):
                is_done = not (self._put_back() or self._take_out())
            if is_done:
                self._finish()
                return
            failpoint("workouts.after_undo_batch")
            self._lease.renew()
            if time.monotonic() >= until:
                return

    def _put_back(self) -> bool:
        """Undo changes of workouts that were there before; return False if there are none."""
        with self._tools.database.together() as transaction:
            user_lock.take(transaction.send, self._of.user_id)
            self._lease.hold(transaction)
            feed.mark_as_imported(transaction.send)
            updates = [_Update(*row) for row in transaction.fetch(_UPDATES, id=self._of.id)]
            unusable = self._hold_exercises(transaction, updates)
            for update in updates:
                is_kept = not (
                    unusable.isdisjoint(_exercises_of(update))
                    and self._put_back_one(transaction, update)
                )
                position = self._of.position
                transaction.send(
                    _MARK, id=self._of.id, done=1, kept=int(is_kept), position=position
                )
                transaction.send(_FORGET_UPDATE, id=self._of.id, workout_id=update.workout_id)
        return bool(updates)

    def _hold_exercises(self, transaction: Together, updates: list[_Update]) -> set[int]:
        """Replace exercises that were merged, and hold all; return those that are deleted."""
        ids = {exercise_id for update in updates for exercise_id in _exercises_of(update)}
        merged = merging.followed(transaction.fetch, self._of.user_id, ids)
        for update in updates:
            for exercise in update.before["exercises"]:
                if end := merged.get(exercise["exercise_id"]):
                    exercise["exercise_id"], exercise["exercise_name"] = end
        ids = {exercise_id for update in updates for exercise_id in _exercises_of(update)}
        # before any workout is locked; those of the catalogue are never retired
        return {*private_exercises.hold_if_possible(transaction.send, transaction.fetch, ids)}

    def _put_back_one(self, transaction: Together, update: _Update) -> bool:
        """Undo a change of a workout; return False if the workout was edited since, or is gone."""
        plan = _plan(update.before, None if self._force else update.version)
        written = writes.update(transaction.fetch, self._of.user_id, update.workout_id, plan)
        if written is None:
            return False
        imported.note_version(
            transaction.send,
            self._of.user_id,
            update.workout_id,
            (update.version, written["version"]),
            bytes(update.identity),
            bytes(update.content),
        )
        return True

    def _take_out(self) -> bool:
        """Delete workouts that it brought; return False if there are none left."""
        with self._tools.database.together() as transaction:
            position = self._lease.hold(transaction)
            which = {"user_id": self._of.user_id, "id": self._of.id, "position": position}
            feed.mark_as_imported(transaction.send)
            transaction.send(_LOCK, **which)
            [(last, count, kept)] = transaction.fetch(_TAKE_OUT, **which, force=self._force)
            if count:
                transaction.send(_MARK, id=self._of.id, done=count, kept=kept, position=last)
            failpoint("workouts.in_undo_batch")
        return bool(count)

    def _finish(self) -> None:
        for name, exercise_id in self._tools.database.fetch(_MADE, id=self._of.id):
            is_gone = self._delete(exercise_id)
            with self._holding() as transaction:
                transaction.send(_UNMADE, id=self._of.id, name=name)
                if is_gone:
                    transaction.send(_UNLEARN, user_id=self._of.user_id, exercise_id=exercise_id)
            self._lease.renew()
        with self._holding() as transaction:
            transaction.send(_FORGET_FIRST, user_id=self._of.user_id, id=self._of.id)
            transaction.send(_DONE, id=self._of.id)
            completed.write(transaction.send, self._of.id)

    def _delete(self, exercise_id: int) -> bool:
        """Delete a private exercise that the import made, and return whether it is gone."""
        try:
            self._tools.exercises.delete(self._of.user_id, exercise_id)
        except NotFound:
            return True
        except BusinessRuleViolation:
            # other workouts have it
            return False
        return True


def _exercises_of(update: _Update) -> set[int]:
    return {exercise["exercise_id"] for exercise in update.before["exercises"]}


def _plan(before: dict[str, Any], expected_version: int | None) -> Plan:
    """Return the plan of a workout as it was.

    Args:
        before: the whole workout, with its sets counted.
        expected_version: the only one that is changed; None for any.
    """
    moments = {
        name: before[name] and Instant.parse(before[name]) for name in ("started_at", "ended_at")
    }
    columns = times.columns(before | moments) | {name: before[name] for name in ("name", "notes")}
    exercises = before["exercises"]
    return Plan(columns | totals(exercises), exercises, expected_version)
