"""Following the feed in analytics' own tables: what an import brings, and many changes at once."""

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError

from schemas.errors import ServiceUnavailable
from services.analytics.bulk import MANY
from services.analytics.counting import CountedWorkouts
from services.analytics.feed_follower import FeedFollower
from services.analytics.processor import WorkoutProcessor
from services.process import budgets
from tests.services.analytics import test_rebuilding
from tests.services.analytics.test_analytics_batches import (
    PROCESSED,
    TABLES,
    USERS,
    Log,
    address,
    database,
    template,
)
from tests.services.analytics.test_rebuilding import everything
from tests.services.logbook import ago

__all__ = ["address", "database", "template"]

USER, OTHER = USERS[:2]


class Workouts(test_rebuilding.Workouts):
    """The workouts service with its feed; ``rebuilt`` counts whose workouts were listed."""

    def __init__(self):
        super().__init__(())
        self.feed = []
        self.rebuilt = Counter()

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

    def changes(self, after, limit, workout_id=None, user_id=None):
        found = [
            change
            for change in self.feed[after:]
            if workout_id in (None, change["workout_id"]) and user_id in (None, change["user_id"])
        ]
        return found[:limit]

    def list(self, user_id, page, **query):
        self.rebuilt[user_id] += page == 1
        return super().list(user_id, page, **query)


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


@pytest.mark.slow
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


def test_changes_of_users_who_were_erased_are_left_out(followed):
    log = Log(4, version_before=False)
    theirs, others, more = (
        log.lifted(ago(day), 100) | {"user_id": user_id}
        for day, user_id in ((9, USER), (8, OTHER), (7, USER))
    )
    followed.database.run(f"INSERT INTO erased_users (user_id) VALUES ({USER})")
    try:
        followed.workouts.save(theirs, others)
        followed.workouts.save(more)
        followed.look()
        assert followed.events() == {others["id"]}
        assert followed.database.noted() == set()
    finally:
        followed.database.run(f"DELETE FROM erased_users WHERE user_id = {USER}")


def test_a_failure_of_a_workout_that_never_was_is_forgotten(followed):
    followed.database.run(
        "INSERT INTO failed_changes (workout_id, next_attempt_at, reason) VALUES (77, now(), '')"
    )
    followed.look()
    assert followed.database.noted() == set()


# many at once


@pytest.fixture
def many(followed):
    """A user with many workouts, and another one with some; all are counted."""
    log = Log(4, version_before=False)
    logged = [log.workout(USER) for _ in range(MANY + 150)]
    others = [log.workout(OTHER) for _ in range(60)]
    followed.database.apply([*logged, *others])
    followed.workouts.save(*logged, *others)
    followed.look()
    assert not followed.workouts.rebuilt
    followed.events()
    return SimpleNamespace(log=log, logged=logged, others=others)


def test_many_deletions_are_counted_once(followed, many):
    gone = many.logged[:-100]
    followed.workouts.delete(*gone[:-20], imported=True)
    followed.workouts.delete(*many.others[:40])
    followed.workouts.delete(*gone[-20:], imported=True)
    followed.look()
    assert followed.workouts.rebuilt == {USER: 1}
    known = followed.database.processed(*(each["id"] for each in [*gone, *many.others[:40]]))
    assert len(known) == len(gone) + 40
    assert all(each.deleted for each in known.values())
    assert followed.events() <= {each["id"] for each in many.others}
    followed.assert_right()


def test_many_changes_are_counted_once(followed, many):
    followed.workouts.save(*map(many.log.changed, many.logged))
    followed.look()
    assert followed.workouts.rebuilt == {USER: 1}
    assert followed.events() == set()
    followed.assert_right()


@pytest.mark.slow
def test_new_workouts_are_carried_forward_however_many_they_are(followed, many):
    followed.workouts.save(*(many.log.workout(USER) for _ in range(MANY + 100)), imported=True)
    followed.look()
    assert not followed.workouts.rebuilt
    followed.assert_right()


def test_fewer_changes_than_that_are_counted_by_themselves(followed, many):
    followed.workouts.delete(*many.logged[: budgets.FEED_BATCH + 10])
    followed.look()
    assert not followed.workouts.rebuilt
    followed.assert_right()


@pytest.mark.slow
def test_what_an_undo_deletes_is_counted_at_once(followed, many, monkeypatch):
    counted = []
    count = WorkoutProcessor.count

    def spy(processor, workouts, deletions, *more):
        counted.append((len(workouts), len(deletions)))
        return count(processor, workouts, deletions, *more)

    monkeypatch.setattr(WorkoutProcessor, "count", spy)
    gone = many.logged[: 2 * budgets.FEED_BATCH + 10]
    followed.workouts.delete(*gone, imported=True)
    followed.workouts.delete(*many.others[:10])
    followed.look()
    assert counted == [(0, len(gone)), (0, 10)]
    assert not followed.workouts.rebuilt
    assert followed.events() <= {each["id"] for each in many.others}
    followed.assert_right()


def canceled():
    """Return the error of a statement that PostgreSQL has cancelled."""
    problem = ServiceUnavailable("analytics")
    problem.__cause__ = DBAPIError("SELECT", {}, SimpleNamespace(pgcode="57014"))
    return problem


@pytest.mark.slow
@pytest.mark.parametrize("problem", [ValueError("not listed"), canceled()], ids=["error", "slow"])
def test_where_a_user_can_t_be_counted_from_nothing_the_changes_are(followed, many, problem):
    def fails(*args, **query):
        raise problem

    followed.workouts.list = fails
    followed.workouts.delete(*many.logged[:-100])
    followed.look()
    followed.assert_right()


def test_while_the_workouts_service_is_away_the_feed_waits(followed, many):
    listed = followed.workouts.list

    def away(*args, **query):
        raise ServiceUnavailable("workouts")

    followed.workouts.list = away
    followed.workouts.delete(*many.logged[:-100])
    before = everything(followed.database)
    followed.look()
    assert everything(followed.database) == before
    followed.workouts.list = listed
    followed.look()
    assert followed.workouts.rebuilt == {USER: 1}
    followed.assert_right()


def test_a_clock_that_is_put_back_stops_nobody(followed, many):
    followed.database.run(
        "UPDATE feed_position SET holder = 'dead', held_until = now() + interval '1 hour'"
    )
    followed.workouts.delete(*many.logged[:-100])
    followed.look()
    followed.assert_right()
    assert followed.workouts.rebuilt
