"""Following the feed in analytics' own tables: what an import brings."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from services.analytics.counting import CountedWorkouts
from services.analytics.feed_follower import FeedFollower
from services.analytics.processor import WorkoutProcessor
from tests.services.analytics import test_rebuilding
from tests.services.analytics.test_analytics_batches import (
    PROCESSED,
    TABLES,
    Log,
    address,
    database,
)
from tests.services.analytics.test_rebuilding import everything
from tests.services.logbook import ago

__all__ = ["address", "database"]


class Workouts(test_rebuilding.Workouts):
    """The workouts service with its feed."""

    def __init__(self):
        super().__init__(())
        self.feed = []

    def save(self, *workouts, **marks):
        for each in workouts:
            self.there[each["id"]] = self.listed[each["id"]] = each
            self._note("created" if each["version"] == 1 else "updated", each, marks)

    def delete(self, *workouts, **marks):
        for each in workouts:
            del self.there[each["id"]], self.listed[each["id"]]
            self._note("deleted", each, marks)

    def _note(self, kind, workout, marks):
        change = {name: workout[name] for name in ("user_id", "version", "date")}
        change |= {"id": len(self.feed) + 1, "workout_id": workout["id"], "kind": kind}
        change |= {"changed_at": "2026-01-01T12:00:00Z", **marks}
        self.feed.append(change)

    def changes(self, after, limit, workout_id=None):
        found = [
            change
            for change in self.feed[after:]
            if workout_id is None or change["workout_id"] == workout_id
        ]
        return found[:limit]


class Followed:
    """Analytics that follows the feed of the workouts service, and nothing else."""

    def __init__(self, database):
        self.database = database
        self.workouts = Workouts()
        self.follower = FeedFollower()

    def look(self):
        cache = SimpleNamespace(changing=lambda *keys: nullcontext(), invalidate=lambda *keys: None)
        # twice, since what is new is counted at the second look
        for _ in range(2):
            self.follower.look(
                WorkoutProcessor(self.database, cache, self.workouts, CountedWorkouts())
            )

    def events(self):
        """Return for which workouts record events were made since the last call."""
        return {event["workout_id"] for event in self.database.take_events()}

    def assert_right(self):
        """Compare all numbers with those of counting what is there at once."""
        found = everything(self.database)
        for table in (*TABLES, "set_records", "exercise_performance_history", PROCESSED):
            self.database.run(f"DELETE FROM {table}")
        self.database.apply(list(self.workouts.there.values()))
        assert everything(self.database) == found


@pytest.fixture
def followed(database):
    return Followed(database)


def test_what_an_import_brings_and_its_undo_takes_out_makes_no_record_events(followed):
    log = Log(1, version_before=False)
    lifted, first, second = (
        log.lifted(ago(day), weight) for day, weight in ((9, 100), (6, 110), (3, 120))
    )
    followed.workouts.save(lifted)
    followed.look()
    assert followed.events() == {lifted["id"]}
    followed.workouts.save(first, second, imported=True)
    followed.look()
    assert followed.events() == set()
    better = {**log.lifted(ago(3), 130), "id": second["id"], "version": 2}
    followed.workouts.save(better, imported=True)
    followed.workouts.delete(first, imported=True)
    followed.look()
    assert followed.events() == set()
    followed.assert_right()


def test_what_was_logged_meanwhile_is_compared_with_what_was_imported(followed):
    log = Log(2, version_before=False)
    lighter, imported, heavier = (
        log.lifted(ago(day), weight) for day, weight in ((9, 90), (6, 100), (3, 110))
    )
    for each in (*lighter["exercises"], *imported["exercises"], *heavier["exercises"]):
        each |= {"measure": "weight_reps", "rep_type": "count"}
    followed.workouts.save(heavier, lighter)
    followed.workouts.save(imported, imported=True)
    followed.look()
    told = [
        (event["workout_id"], event["old"]["value"])
        for event in followed.database.take_events()
        if event["kind"] == "max_weight"
    ]
    assert set(told) == {(heavier["id"], 100)}
    followed.assert_right()


def test_an_imported_workout_that_failed_makes_no_record_events_later(followed):
    log = Log(3, version_before=False)
    imported, logged = log.lifted(ago(9), 100), log.lifted(ago(3), 110)
    broken = {**imported, "exercises": None}
    followed.workouts.save(broken, imported=True)
    followed.look()
    assert followed.database.noted() == {imported["id"]}
    followed.workouts.there[imported["id"]] = imported
    followed.database.run("UPDATE failed_changes SET next_attempt_at = now()")
    followed.look()
    assert followed.database.noted() == set()
    assert followed.events() == set()
    followed.workouts.save(logged)
    followed.look()
    assert followed.events() == {logged["id"]}
    followed.assert_right()
