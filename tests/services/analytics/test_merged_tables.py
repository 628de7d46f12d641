"""A merge in analytics' own tables: what it ends in, whatever is counted before and after it."""

from functools import partial
from itertools import count

import pytest
from sqlalchemy import text

from services.analytics import merging
from services.analytics.merge_statements import Merge
from services.transport.postgres.statements import fetch
from tests.services.analytics.test_analytics_batches import (  # noqa: F401
    NEWER,
    PROCESSED,
    TABLES,
    USERS,
    Log,
    address,
    database,
    template,
)

SOURCE, TARGET = 1, 2
NAMES = {key: f"Exercise {key}" for key in (1, 2, 3)}
EVERYTHING = (*TABLES, *NEWER, PROCESSED)


class MergingLog(Log):
    """Workouts as the workouts service tells them: each set has an id, in the workout's order."""

    def __init__(self, seed, one_measure=False):
        super().__init__(seed, version_before=False)
        self.one_measure = one_measure
        self.is_merged = False
        self.set_ids = count(1)

    def exercise(self, place):
        made = super().exercise(place)
        if self.is_merged and made["exercise_id"] == SOURCE:
            made["exercise_id"] = TARGET
        made["exercise_name"] = NAMES[made["exercise_id"]]
        if self.one_measure:
            made |= {"measure": "weight_reps", "rep_type": "count"}
        for logged in made["sets"]:
            logged["id"] = next(self.set_ids)
        return made

    def merge(self, user_id):
        """Merge one exercise into another; return the versions that the feed tells of it."""
        self.is_merged = True
        versions = {}
        for workout in list(self.there.values()):
            done = {each["exercise_id"] for each in workout["exercises"]}
            if workout["user_id"] == user_id and SOURCE in done:
                self.there[workout["id"]] = merged = _merged(workout)
                if TARGET not in done:
                    versions[merged["id"]] = merged["version"]
        return versions


def _merged(workout):
    into = {"exercise_id": TARGET, "exercise_name": NAMES[TARGET]}
    exercises = [
        {**each, **into} if each["exercise_id"] == SOURCE else each for each in workout["exercises"]
    ]
    return {**workout, "version": workout["version"] + 1, "exercises": exercises}


@pytest.fixture
def tables(database):  # noqa: F811
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO exercise_facts (exercise_id, name, rep_type, position) "
                f"VALUES ({TARGET}, '{NAMES[TARGET]}', 'count', 1)"
            )
        )
    return Tables(database)


class Tables:
    """Analytics' tables, with what else a merge needs of them."""

    def __init__(self, database):  # noqa: F811
        self.database = database
        self.apply = database.apply

    def merge(self, user_id, versions):
        with self.database.engine.begin() as connection:
            run = partial(fetch, connection)
            merging.apply(run, run, Merge(user_id, SOURCE, TARGET), versions)

    def versions(self):
        with self.database.engine.begin() as connection:
            found = connection.execute(
                text(f"SELECT workout_id, version FROM {PROCESSED} WHERE NOT deleted")
            )
            return dict(found.all())

    def numbers(self):
        return self.database.newer(), self.database.numbers()

    def numbers_anew(self, workouts):
        """Return the numbers that the workouts of now have, counted by nothing else."""
        with self.database.engine.begin() as connection:
            for table in EVERYTHING:
                connection.execute(text(f"DELETE FROM {table}"))
        self.apply(workouts)
        return self.numbers()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_it_is_as_if_there_had_always_been_one_exercise(tables, seed):
    log = MergingLog(seed, one_measure=True)
    for _ in range(10):
        tables.apply(*log.batch())
    before = tables.versions()
    for user_id in USERS:
        versions = log.merge(user_id)
        tables.merge(user_id, versions)
        # at once, and only those that had both exercises are left to be counted by themselves
        assert versions.items() <= tables.versions().items()
        before |= versions
    assert tables.versions() == before
    merged = tables.numbers()
    assert merged == tables.numbers_anew(log.there.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_counted_before_it_and_after_it(tables, seed):
    log = MergingLog(seed)
    for _ in range(8):
        tables.apply(*log.batch())
    late = [log.batch() for _ in range(2)]
    versions_of = {user_id: log.merge(user_id) for user_id in USERS}
    later = [log.batch() for _ in range(2)]
    told = [late[0], later[0], ([], {})]
    for user_id, (workouts, deletions) in zip(USERS, told, strict=True):
        known = tables.versions()
        tables.merge(user_id, versions_of[user_id])
        for workout_id, version in versions_of[user_id].items():
            expected = version if known.get(workout_id) == version - 1 else known.get(workout_id)
            assert tables.versions().get(workout_id) == expected
        tables.apply(workouts, deletions)
    tables.apply(*late[1])
    # the merge again: whatever came late with the old exercise has the new one at the latest now
    for user_id in USERS:
        tables.merge(user_id, versions_of[user_id])
    gone = {key: log.whose[key] for key in tables.versions() if key not in log.there}
    tables.apply(log.there.values(), gone)
    counted = tables.numbers()
    assert counted == tables.numbers_anew(log.there.values())


def test_nothing_is_done_twice(tables):
    log = MergingLog(1)
    tables.apply(*log.batch())
    versions = log.merge(USERS[0])
    tables.merge(USERS[0], versions)
    merged = tables.numbers()
    tables.merge(USERS[0], versions)
    assert tables.numbers() == merged


def test_rows_of_the_version_before_are_measured_with_it(tables):
    log = MergingLog(2)
    for _ in range(6):
        tables.apply(*log.batch())
    tables.database.run("UPDATE exercise_performance_history SET counted_at = NULL, best_e1rm = 1")
    tables.database.run("UPDATE exercise_stats SET records_at = NULL")
    for user_id in USERS:
        tables.merge(user_id, log.merge(user_id))
        tables.database.recount(user_id)
    assert tables.database.noted()
    tables.apply(log.there.values())
    assert tables.numbers() == tables.numbers_anew(log.there.values())
