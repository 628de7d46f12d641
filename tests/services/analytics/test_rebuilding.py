"""Counting a user from nothing in analytics' own tables, whatever happens meanwhile."""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest

from schemas.errors import ServiceUnavailable
from services.analytics.counting import CountedWorkouts
from services.analytics.processor import WorkoutProcessor
from services.analytics.rebuilding import PAGE, rebuild_user
from tests.services.analytics.test_analytics_batches import (
    USERS,
    Log,
    address,
    database,
    template,
)
from tests.services.logbook import ago

__all__ = ["address", "database", "template"]

USER = USERS[0]


class Workouts:
    """The workouts service, as far as a rebuild asks it.

    ``listed`` are the workouts as they are when they are listed, ``there`` as they are when they
    are asked for.
    """

    def __init__(self, there):
        self.there = {each["id"]: each for each in there}
        self.listed = dict(self.there)

    def list(self, user_id, page, limit, sort):
        assert sort == "date:desc"
        theirs = [each for each in self.listed.values() if each["user_id"] == user_id]
        theirs.sort(
            key=lambda each: (each["date"], each.get("started_at") or "", each["id"]), reverse=True
        )
        items = [{"id": each["id"]} for each in theirs[(page - 1) * limit : page * limit]]
        return {"items": items, "total": len(theirs)}

    def get_many(self, workout_ids, rep_types, user_ids=None):
        assert rep_types
        assert len(workout_ids) <= PAGE
        # in no particular order
        there = [self.there[key] for key in sorted(workout_ids, reverse=True) if key in self.there]
        owners = dict(zip(workout_ids, user_ids or [], strict=user_ids is not None))
        return [each for each in there if owners.get(each["id"]) in (None, each["user_id"])]


def rebuild(database, workouts, user_id=USER):
    cache = SimpleNamespace(changing=lambda *keys: nullcontext())
    processor = WorkoutProcessor(database, cache, workouts, CountedWorkouts())
    return rebuild_user(processor, user_id)


def everything(database):
    return database.newer(), database.numbers()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_it_ends_in_what_counting_one_by_one_does(database, seed):
    log = Log(seed, version_before=False)
    for _ in range(12):
        database.apply(*log.batch())
    counted = everything(database)
    workouts = Workouts(log.there.values())
    for user_id in USERS:
        theirs = [each for each in log.there.values() if each["user_id"] == user_id]
        assert rebuild(database, workouts, user_id) == len(theirs)
    assert everything(database) == counted
    assert all(counted[0].values())


def test_several_pages(database):
    log = Log(1, version_before=False)
    logged = [log.workout(USER) for _ in range(2 * PAGE + 1)]
    assert rebuild(database, Workouts(logged)) == len(logged)
    counted = everything(database)
    for user_id in USERS:
        assert rebuild(database, Workouts([]), user_id) == 0
    assert not any(everything(database)[0].values())
    database.run("DELETE FROM processed_workouts")
    database.apply(logged)
    assert everything(database) == counted


def test_what_is_not_there_any_more_is_gone(database):
    log = Log(2, version_before=False)
    stays, goes = log.lifted(ago(3), 100), log.lifted(ago(2), 120)
    database.apply([stays])
    without = everything(database)
    database.apply([goes])
    assert rebuild(database, Workouts([stays])) == 1
    assert everything(database) == without


def test_a_deleted_workout_stays_deleted(database):
    log = Log(3, version_before=False)
    gone = log.lifted(ago(2), 120)
    database.apply([gone])
    database.apply([], {gone["id"]: USER})
    rebuild(database, Workouts([]))
    # a message about it that arrives late
    database.apply([gone])
    assert not any(everything(database)[0].values())


def test_a_workout_that_is_moved_back_meanwhile_counts_where_it_is(database):
    log = Log(4, version_before=False)
    logged = [log.lifted(ago(day), weight) for day, weight in ((9, 100), (6, 110), (3, 120))]
    workouts = Workouts(logged)
    moved = {**logged[2], "version": 2, "date": ago(30)}
    workouts.there[moved["id"]] = moved
    assert rebuild(database, workouts) == 3
    found = everything(database)

    database.run("DELETE FROM processed_workouts")
    for table in ("exercise_performance_history", "set_records"):
        database.run(f"DELETE FROM {table}")
    for table in found[1]:
        database.run(f"DELETE FROM {table}")
    database.apply([*logged[:2], moved])
    assert everything(database) == found
    assert database.processed(moved["id"])[moved["id"]].version == 2


def test_a_workout_that_the_pages_skipped_counts_if_it_was_known(database):
    log = Log(5, version_before=False)
    logged = [log.lifted(ago(day), weight) for day, weight in ((9, 100), (6, 130), (3, 120))]
    database.apply(logged)
    counted = everything(database)
    workouts = Workouts(logged)
    # others were deleted, so that it moved to a page that was read before
    del workouts.listed[logged[1]["id"]]
    assert rebuild(database, workouts) == 3
    assert everything(database) == counted


def test_nothing_is_changed_if_the_workouts_service_goes_away(database):
    log = Log(6, version_before=False)
    logged = [log.workout(USER) for _ in range(PAGE + 1)]
    database.apply(logged)
    counted = everything(database)
    workouts = Workouts(logged)
    pages = []

    def get_many(workout_ids, rep_types, user_ids):
        pages.append(workout_ids)
        if len(pages) == 2:
            raise ConnectionError
        return Workouts.get_many(workouts, workout_ids, rep_types, user_ids)

    workouts.get_many = get_many
    with pytest.raises(ConnectionError):
        rebuild(database, workouts)
    assert everything(database) == counted


def test_an_outage_is_raised_once_and_leaves_no_traceback(database, capfd):
    log = Log(4, version_before=False)
    workouts = Workouts([log.workout(USER) for _ in range(2 * PAGE)])

    def away(workout_ids, rep_types, user_ids):
        raise ServiceUnavailable

    workouts.get_many = away
    with pytest.raises(ServiceUnavailable):
        rebuild(database, workouts)
    assert "Traceback" not in capfd.readouterr().err


def test_each_page_is_written_before_the_one_after_the_next_is_asked_for(database):
    log = Log(7, version_before=False)
    logged = [log.lifted(ago(3 * PAGE - day), 100) for day in range(3 * PAGE)]
    workouts, written = Workouts(logged), []
    together = database.together

    @contextmanager
    def watched():
        with together() as transaction:

            def fetch(*arguments, **values):
                rows = transaction.fetch(*arguments, **values)
                written.append(len(values.get("exercise_performance_history", "")) > 1000)
                return rows

            yield SimpleNamespace(fetch=fetch, send=None)

    database.together = watched
    assert rebuild(database, workouts) == len(logged)
    assert sum(written) == 3


def test_workouts_that_moved_between_pages_are_listed_once_more(database):
    log = Log(8, version_before=False)
    logged = [log.lifted(ago(3 * PAGE - day), 100) for day in range(PAGE + 5)]
    workouts = Workouts(logged)
    newest, pages = logged[-1], []

    def list_while_one_is_deleted(user_id, page, limit, sort):
        pages.append(page)
        found = Workouts.list(workouts, user_id, page, limit, sort)
        if len(pages) == 1:
            del workouts.listed[newest["id"]], workouts.there[newest["id"]]
        return found

    workouts.list = list_while_one_is_deleted
    assert rebuild(database, workouts) == PAGE + 4
