"""Applying an import in the background: its workouts are written, a hundred at a time.

Each batch is one transaction with its mark of progress, so whoever goes on after a death goes on
after the last workout that was written.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from schemas.errors import Conflict
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Statement, Together
from services.workouts import feed, private_exercises, reads, user_lock, writes
from services.workouts.imports import completed, imported, inserting, names, needed, records
from services.workouts.imports.comparing import Comparing
from services.workouts.imports.rules import identity, planning
from services.workouts.imports.rules.documents import sets_of
from services.workouts.imports.staged import Staged, before_of, rows_of, staged
from services.workouts.imports.work import Work
from services.workouts.rules import Plan, unknown_exercises

BATCH = 100
MOST_SETS_AT_ONCE = 2000

_TO_MAKE = Statement(
    f"""
    SELECT name, measure, is_made FROM import_names
    WHERE import_id = :id AND exercise_id IS NULL AND why = '{planning.NEW}' ORDER BY name
    """
)
_MAKING = Statement("UPDATE import_names SET is_made = true WHERE import_id = :id AND name = :name")
_MADE = Statement(
    """
    UPDATE import_names SET exercise_id = :exercise_id, exercise_name = :exercise_name,
        is_made = :is_made
    WHERE import_id = :id AND name = :name
    """
)
_AFTER = """
    (s.start, s.place) > (
        coalesce((SELECT start FROM import_workouts WHERE import_id = :id AND place = :position),
                 '-infinity'), :position)
"""
_NEXT = Statement(rows_of(_AFTER, "s.start, s.place", BATCH))
_NOTE_UPDATE = Statement(
    """
    INSERT INTO import_updates
        (import_id, workout_id, identity, version, content_before, workout_before)
    VALUES (:id, :workout_id, :identity, :version, :content, :workout)
    ON CONFLICT (import_id, workout_id) DO UPDATE SET version = excluded.version
    """
)
_MARK = Statement(
    """
    UPDATE imports SET done = done + :done, added = added + :added, updated = updated + :updated,
        position = :position, failures = 0
    WHERE id = :id
    """
)
_DONE = Statement(
    f"""
    UPDATE imports SET status = '{records.APPLIED}', applied_at = now(), error = NULL, failures = 0
    WHERE id = :id
    """
)


class Applying(Work):
    """Writes the workouts of an import."""

    _exercise_ids: Mapping[str, int]
    _catalogue: Mapping[int, dict[str, Any]]

    def run(self, until: float) -> None:
        """Write workouts until a time on the monotonic clock, or until all are written.

        At least one batch is written however long its preparation takes, which the next turn would
        have to do again otherwise.

        Raises:
            BusinessRuleViolation: an exercise can't be made or logged.
        """
        if not self._of.position:
            # what the user has may be another than at the preview
            Comparing(self._tools, self._lease, self._of.is_own_export).run()
            # a file of what is here already must neither make exercises nor restore any
            used = needed.names(self._tools.database.fetch, self._of)
            needed.check_decided(self._tools.database.fetch, self._of, used)
            self._make_exercises(used)
            self._restore_exercises(used)
        self._look_up_exercises()
        while True:
            with self._tools.changing(self._of.user_id):
                is_done = not self._write_batch()
            if is_done:
                return
            failpoint("workouts.after_import_batch")
            self._lease.renew()
            if time.monotonic() >= until:
                return

    def _make_exercises(self, used: set[str]) -> None:
        for name, measure, was_asked in self._tools.database.fetch(_TO_MAKE, id=self._of.id):
            if name not in used:
                continue
            # noted before: after a death nothing else tells whether this import has made it
            self._tools.database.fetch(_MAKING, id=self._of.id, name=name)
            exercise, is_made = self._make(name, measure or "weight_reps")
            failpoint("workouts.import_exercise_made")
            with self._holding() as transaction:
                transaction.send(
                    _MADE,
                    id=self._of.id,
                    name=name,
                    exercise_id=exercise["id"],
                    exercise_name=exercise["name"],
                    is_made=is_made or was_asked,
                )
                names.learn(transaction.send, self._of.user_id, {name: exercise["id"]})
            self._lease.renew()

    def _make(self, name: str, measure: str) -> tuple[dict[str, Any], bool]:
        """Return a private exercise, and whether it is a new one."""
        user_id, exercises = self._of.user_id, self._tools.exercises
        try:
            return exercises.create(user_id, {"name": name, "measure": measure}), True
        except Conflict as problem:
            exercise_id = problem.details["exercise_id"]
        [exercise] = exercises.get_private(user_id, [exercise_id])
        return exercise, False

    def _restore_exercises(self, used: set[str]) -> None:
        known = names.exercise_ids(self._tools.database.fetch, self._of.id)
        ids = {exercise_id for name, exercise_id in known.items() if name in used}
        for key, entry in self._tools.entries_of(self._of.user_id, ids).items():
            if _is_archived(entry):
                self._tools.exercises.restore(self._of.user_id, key)

    def _look_up_exercises(self) -> None:
        self._exercise_ids = names.exercise_ids(self._tools.database.fetch, self._of.id)
        ids = {*self._exercise_ids.values()}
        self._catalogue = {
            key: entry | {"is_active": True}
            for key, entry in self._tools.entries_of(self._of.user_id, ids).items()
            if entry["is_active"] or _is_archived(entry)
        }
        unknown = ids - self._catalogue.keys()
        if unknown:
            used = needed.names(self._tools.database.fetch, self._of)
            unknown &= {key for name, key in self._exercise_ids.items() if name in used}
        if unknown:
            raise unknown_exercises("mapping", sorted(unknown))

    def _write_batch(self) -> bool:
        """Write the next workouts; return False if there are none, and the import is applied."""
        with self._tools.database.together() as transaction:
            user_lock.take(transaction.send, self._of.user_id)
            batch = self._next(transaction, self._lease.hold(transaction))
            if not batch:
                transaction.send(_DONE, id=self._of.id)
                completed.write(transaction.send, self._of.id)
                return False
            feed.mark_as_imported(transaction.send)
            private = self._private_in(batch)
            if private:
                private_exercises.hold(transaction.send, transaction.fetch, private)
            done = self._write(transaction, batch)
            transaction.send(
                _MARK,
                id=self._of.id,
                done=len(batch),
                added=done[planning.INSERT],
                updated=done[planning.UPDATE],
                position=batch[-1].place,
            )
            failpoint("workouts.in_import_batch")
        return True

    def _private_in(self, batch: list[Staged]) -> set[int]:
        """Return the ids of private exercises that workouts have."""
        named = {exercise["name"] for each in batch for exercise in each.document["exercises"]}
        # those that no workout needs that is written are not made, and may be gone
        ids = {self._exercise_ids[name] for name in named & self._exercise_ids.keys()}
        return {key for key in ids & self._catalogue.keys() if self._catalogue[key].get("owner")}

    def _next(self, transaction: Together, position: int) -> list[Staged]:
        rows = transaction.fetch(_NEXT, id=self._of.id, user_id=self._of.user_id, position=position)
        batch: list[Staged] = []
        sets = 0
        for row in rows:
            each = staged(row)
            sets += sets_of(each.document)
            if batch and sets > MOST_SETS_AT_ONCE:
                break
            batch.append(each)
        return batch

    def _write(self, transaction: Together, batch: list[Staged]) -> Counter[str]:
        """Write a batch, and return how often each action was taken."""
        done: Counter[str] = Counter()
        new = []
        for each in batch:
            self._turns.give_way()
            content = identity.content(each.document, self._of.units)
            action = planning.action(self._state_of(each, content), self._of.options)
            if action == planning.INSERT:
                client_id = each.document.get("client_id")
                new.append(inserting.as_new(self._plan(each), _known_by(each), content, client_id))
            elif action == planning.UPDATE and not self._update(transaction, each, content):
                action = planning.SKIP
            done[action] += 1
        inserting.insert(transaction.send, self._of.user_id, self._of.id, new)
        return done

    def _state_of(self, each: Staged, content: bytes) -> str:
        if self._of.is_own_export:
            return each.state
        return planning.state_of(each.before, content, each.state == planning.LIKELY_SAME)

    def _plan(self, each: Staged) -> Plan:
        return planning.plan(
            each.document,
            self._of.options.get("time_zone"),
            self._of.units,
            self._exercise_ids,
            self._catalogue,
        )

    def _update(self, transaction: Together, each: Staged, content: bytes) -> bool:
        """Change a workout that was imported before; return False if it was deleted meanwhile."""
        user_id, before = self._of.user_id, before_of(each)
        stored = reads.get(transaction.fetch, before.workout_id, user_id)
        if stored is None:
            return False
        written = writes.update(transaction.fetch, user_id, before.workout_id, self._plan(each))
        if written is None:
            return False
        version = written["version"]
        transaction.send(
            _NOTE_UPDATE,
            id=self._of.id,
            workout_id=before.workout_id,
            identity=each.identity,
            version=version,
            content=before.content,
            workout=orjson.dumps(stored).decode(),
        )
        versions = stored["version"], version
        imported.note_version(
            transaction.send, user_id, before.workout_id, versions, each.identity, content
        )
        return True


def _known_by(each: Staged) -> bytes:
    if each.before is not None and planning.is_there(each.before):
        # that one is another of the file, and stays known to the import that has brought it
        return identity.beside(each.identity, each.before.workout_id)
    return each.identity


def _is_archived(entry: dict[str, Any]) -> bool:
    # one that was merged is inactive, too, and can't be restored
    is_own = bool(entry.get("owner")) and not entry.get("merged_into")
    return is_own and not entry["is_active"]
