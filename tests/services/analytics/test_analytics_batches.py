"""Batches of workouts in analytics' own tables: what they end in, and how little they ask for."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import partial
from itertools import count
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import create_engine, text

from schemas.errors import ServiceUnavailable
from schemas.measures import REP_TYPE_OF
from schemas.stats import PACE
from schemas.units import POUND_IN_KILOGRAMS, rounded
from services import migrate
from services.analytics import failed_changes, processing
from services.analytics.cached_reads import CachedReads
from services.analytics.counting import CountedWorkouts
from services.analytics.processor import WorkoutProcessor
from services.analytics.reads import Outdated, processed
from services.analytics.record_reads import records, records_of
from services.analytics.rules.shown_records import KINDS_OF, stored_kinds
from services.transport.postgres.statements import fetch
from tests.services.databases import address_of, new_database
from tests.services.logbook import ago
from tests.waiting import eventually

USERS = (1, 2, 3)
TABLES = ("exercise_stats", "personal_records", "progress_snapshots")
WRITTEN_AT = "{updated_at,rep_type_at,records_at}"
NEWER = ("set_records", "exercise_performance_history")
PROCESSED = "processed_workouts"
NOT_COUNTED = "{created_at,counted_at,updated_at}"
DAYS = [0, 1, 2, 3, 30, 31, 400]
TIMES = ["2026-01-01T06:00:00Z", "2026-01-01T18:30:00Z"]
MEASURES_OF = {
    1: ["weight_reps", "weight_reps", "bodyweight_reps", "assisted_reps"],
    2: ["duration", "weight_duration"],
    3: ["distance_duration", "distance_duration", "weight_distance", "reps"],
}
WEIGHTS = [None, 0, 60, 100, 100, 102.5, 220.46]


@pytest.fixture(scope="module")
def template(system):
    """A database with analytics' tables and nothing in them, which takes longer than a copy."""
    with new_database(address_of(system, "analytics")) as address:
        migrate.migrate("analytics", address)
        yield address.name


@pytest.fixture
def address(system, template):
    """A database of a test's own: the other tests' users must stay as they are."""
    with new_database(address_of(system, "analytics"), template) as address:
        yield address


@pytest.fixture
def database(address):
    made = Database(address)
    yield made
    made.engine.dispose()


class Database:
    """Analytics' tables, and the number of statements that a batch took."""

    def __init__(self, address):
        self.engine = create_engine(address.url)
        self.statements = 0

    def apply(self, workouts, deletions=None, again=False, silently=False):
        self.statements = 0
        with self.engine.begin() as connection:

            def counted(*arguments, **values):
                self.statements += 1
                return fetch(connection, *arguments, **values)

            processing.apply(counted, workouts, deletions or {}, again, silently=silently)

    @contextmanager
    def together(self):
        """Give a transaction, as the dependency does."""
        with self.engine.begin() as connection:
            run = partial(fetch, connection)
            yield SimpleNamespace(fetch=run, send=run)

    def fetch(self, *arguments, **values):
        with self.together() as transaction:
            return transaction.fetch(*arguments, **values)

    def reading(self, read):
        return read(self.fetch)

    def reads(self):
        """Return the reads of results, which nothing is cached for."""
        cache = SimpleNamespace(get_or_make=lambda key, generations, seconds, make, variant: make())
        return CachedReads(self, cache, CountedWorkouts(), date.fromisoformat(ago(0)))

    def processed(self, *workout_ids):
        with self.engine.begin() as connection:
            return processed(partial(fetch, connection), workout_ids)

    def records(self, user_id):
        """Return a user's records as they are shown."""
        with self.engine.begin() as connection:
            return orjson.loads(orjson.dumps(records(partial(fetch, connection), user_id)))

    def kinds(self):
        """Return what is known of which exercises have one kind only, and when it was."""
        with self.engine.begin() as connection:
            return connection.execute(
                text("SELECT rep_type, rep_type_at FROM exercise_stats")
            ).all()

    def newer(self):
        """Return all rows of set records and of the history."""
        with self.engine.begin() as connection:
            return {
                table: sorted(
                    connection.execute(
                        text(f"SELECT to_jsonb(t) - '{NOT_COUNTED}'::text[] FROM {table} t")
                    ).scalars(),
                    key=str,
                )
                for table in NEWER
            }

    def recount(self, user_id):
        """Recount what is outdated, as a read does that finds it."""
        with self.engine.begin() as connection:
            run = partial(fetch, connection)
            try:
                records(run, user_id)
            except Outdated as found:
                keys = [(user_id, exercise_id) for exercise_id in found.exercise_ids]
                processing.recount_exercises(run, run, keys)
            records(run, user_id)

    def recount_exercises(self, *keys):
        """Recount what is outdated, and return the number of statements that it took."""
        self.statements = 0
        with self.engine.begin() as connection:

            def counted(*arguments, **values):
                self.statements += 1
                return fetch(connection, *arguments, **values)

            processing.recount_exercises(counted, counted, keys)
        return self.statements

    def noted(self):
        """Return the workouts that will be tried again."""
        with self.engine.begin() as connection:
            return set(connection.execute(text("SELECT workout_id FROM failed_changes")).scalars())

    def is_waited_for(self, table):
        """Return whether a lock on a table is not granted yet."""
        asked = text("SELECT FROM pg_locks WHERE relation = CAST(:t AS regclass) AND NOT granted")
        with self.engine.begin() as connection:
            return connection.execute(asked, {"t": table}).first() is not None

    def knows(self, measures):
        """Have it know the measures that exercises have now, by their ids."""
        for key, measure in measures.items():
            self.run(
                "INSERT INTO exercise_facts (exercise_id, name, rep_type, measure, position) "
                f"VALUES ({key}, 'Exercise', '{REP_TYPE_OF[measure]}', '{measure}', {key})"
            )

    def shown(self, user_id, exercise_id):
        """Return the measure of an exercise and its records that are shown, by kind and weight."""
        with self.engine.begin() as connection:
            kinds = stored_kinds("epley")
            found = records_of(partial(fetch, connection), user_id, exercise_id, kinds)
        return found.measure, {
            (record.kind, record.kept_by): record
            for record in found.records
            if record.kind in KINDS_OF[found.measure]
        }

    def take_events(self):
        """Return the record events of before, each with its type, and forget them."""
        with self.engine.begin() as connection:
            found = connection.execute(
                text("SELECT event_type, payload FROM record_events ORDER BY id")
            ).all()
            connection.execute(text("DELETE FROM record_events"))
        return [{"type": event_type, **payload} for event_type, payload in found]

    def run(self, statement):
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def numbers(self):
        """Return all rows of the tables of numbers, without the moment they were written."""
        with self.engine.begin() as connection:
            return {
                table: sorted(
                    connection.execute(
                        text(f"SELECT to_jsonb(t) - '{WRITTEN_AT}'::text[] FROM {table} t")
                    ).scalars(),
                    key=_key,
                )
                for table in TABLES
            }


def _key(row):
    names = ("user_id", "exercise_id", "record_type", "period_type", "period_start")
    return [str(row.get(name)) for name in names]


def as_before(workout):
    """Return a workout as a workouts service of the version before tells it."""
    told = {name: value for name, value in workout.items() if name != "started_at"}
    told["exercises"] = [
        {name: value for name, value in each.items() if name != "measure"}
        for each in workout["exercises"]
    ]
    return told


class Log:
    """Workouts of some users, to which whatever may come happens.

    Those of the version before have no measures, times or distances.
    """

    def __init__(self, seed, version_before=True):
        self.version_before = version_before
        self.random = random.Random(seed)
        self.ids = count(1)
        self.there = {}
        self.whose = {}

    def workout(self, user_id=None, day=None, *, version=1, workout_id=None):
        workout_id = workout_id or next(self.ids)
        choose = self.random.choice
        made = {
            "id": workout_id,
            "user_id": user_id or choose(USERS),
            "version": version,
            "date": day or ago(choose(DAYS)),
            "duration_minutes": choose([None, 0, 45, 60]),
            "exercises": [self.exercise(place) for place in range(choose([0, 1, 2, 3]))],
        }
        if not self.version_before:
            made["started_at"] = choose([None, None, *TIMES])
        self.there[workout_id] = made
        self.whose[workout_id] = made["user_id"]
        return made

    def exercise(self, place):
        made = self._exercise(place)
        if not self.version_before:
            made["measure"] = self.random.choice(MEASURES_OF[made["exercise_id"]])
            made["rep_type"] = REP_TYPE_OF[made["measure"]]
            made["sets"] = [self._with_measure(logged) for logged in made["sets"]]
        return made

    def _with_measure(self, logged):
        choose = self.random.choice
        newer = {
            "repetitions": logged["reps"],
            "duration_seconds": choose([None, 60, 90, 1800]),
            "distance_m": choose([None, 399, 400, 5000]),
            "rir": choose([None, 1]),
        }
        return logged | newer

    def _exercise(self, place):
        choose = self.random.choice
        return {
            "exercise_id": choose([1, 2, 3]),
            "exercise_name": choose(["Squat", "Back squat"]),
            "rep_type": choose(["count", "count", "count", "time"]),
            "order_index": place,
            "sets": [
                {
                    "set_number": number,
                    "reps": choose([0, 1, 5, 5, 8.5]),
                    "weight": choose(WEIGHTS),
                    "unit": choose(["kg", "kg", "lb"]),
                    "set_type": choose(["normal", "normal", "warmup"]),
                    "rpe": choose([None, 8]),
                }
                for number in range(choose([0, 1, 2]))
            ],
        }

    def lifted(self, day, weight, unit="kg"):
        """Return a workout with one working set in each of the exercises."""
        lift = {"reps": 5, "weight": weight, "unit": unit, "set_type": "normal", "set_number": 1}
        made = self.workout(USERS[0], day)
        made["exercises"] = [
            {**self.exercise(key), "exercise_id": key, "sets": [{**lift, "rpe": None}]}
            for key in (1, 2, 3)
        ]
        return made

    def held(self, day, seconds):
        """Return a workout with one hold of 10 kg."""
        made = self.workout(USERS[0], day)
        hold = {"reps": seconds, "weight": 10, "unit": "kg", "set_type": "normal", "set_number": 1}
        times = {"repetitions": None, "duration_seconds": seconds, "distance_m": None, "rir": None}
        measured = {"rep_type": "time", "measure": "weight_duration"}
        sets = [{**hold, **times, "rpe": None}]
        made["exercises"] = [{**self.exercise(2), **measured, "exercise_id": 2, "sets": sets}]
        return made

    def every_exercise(self, user_id):
        """Return a workout with a small set in each of the exercises."""
        made = self.workout(user_id, ago(0))
        logged = {"set_number": 1, "reps": 1, "weight": 1, "unit": "kg", "set_type": "normal"}
        made["exercises"] = [
            {**self.exercise(key), "exercise_id": key, "sets": [{**logged, "rpe": None}]}
            for key in (1, 2, 3)
        ]
        return made

    def last_ids(self, count):
        last = next(self.ids)
        return range(last - count, last)

    def changed(self, workout):
        return self.workout(
            workout["user_id"], version=workout["version"] + 1, workout_id=workout["id"]
        )

    def renamed(self, workout):
        made = {**workout, "version": workout["version"] + 1}
        self.there[made["id"]] = made
        return made

    def batch(self):
        """Return workouts that are new, changed, renamed or as before, and deletions."""
        told, deletions = [], {}
        for _ in range(self.random.randint(1, 8)):
            happens = self.random.choice(["new", "new", "new", "changed", "renamed", "gone", "old"])
            if happens == "new" or not self.there:
                told.append(self.workout())
                continue
            some = self.random.choice(list(self.there.values()))
            if happens == "gone":
                deletions[some["id"]] = self.whose[some["id"]]
                del self.there[some["id"]]
            elif happens == "old":
                told.append(some)
            else:
                told.append(getattr(self, happens)(some))
        return told, deletions


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_records_of_sets_are_those_of_counting_everything_anew(database, seed):
    log = Log(seed, version_before=False)
    for _ in range(12):
        told, deletions = log.batch()
        database.apply(told, deletions)
    carried = database.newer(), database.numbers()
    assert all(carried[0].values())

    with database.engine.begin() as connection:
        for table in (*TABLES, *NEWER, PROCESSED):
            connection.execute(text(f"DELETE FROM {table}"))
    database.apply(log.there.values())
    assert (database.newer(), database.numbers()) == carried


AS_THE_VERSION_BEFORE = (
    # what it inserts and updates
    """
    UPDATE exercise_stats SET updated_at = updated_at + interval '1 second';
    UPDATE personal_records SET started_at = NULL;
    UPDATE exercise_performance_history SET counted_at = NULL, measure = NULL, longest = NULL,
        best_e1rm = NULL, best_set_volume = 1;
    DELETE FROM set_records WHERE workout_id % 2 = 0;
    UPDATE set_records SET value = 999999, size = 999999;
    """,
    # sets that it replaces, when their sums stay the same
    """
    CREATE TEMPORARY TABLE as_they_are AS SELECT * FROM exercise_performance_history;
    UPDATE exercise_performance_history SET raw_sets = '[]';
    UPDATE set_records SET value = 999999, size = 999999;
    UPDATE exercise_performance_history h SET raw_sets = t.raw_sets FROM as_they_are t
    WHERE (h.workout_id, h.exercise_id) = (t.workout_id, t.exercise_id);
    DROP TABLE as_they_are;
    """,
)


@pytest.mark.parametrize("statements", AS_THE_VERSION_BEFORE)
@pytest.mark.parametrize("by_reading", [True, False])
def test_what_the_version_before_counted_is_recounted(database, statements, by_reading):
    log = Log(7)
    workouts = [log.workout() for _ in range(30)]
    database.apply(workouts)
    expected = database.newer()
    assert expected["set_records"]
    database.run(statements)
    if by_reading:
        for user_id in USERS:
            database.recount(user_id)
    else:
        # whatever comes next to each exercise
        database.apply([log.every_exercise(user_id) for user_id in USERS])
        log.there.clear()
        database.apply([], dict(zip(log.last_ids(len(USERS)), USERS, strict=True)))
    assert database.newer()["set_records"] == expected["set_records"]
    if by_reading:
        assert database.newer() == expected


COUNTED_BEFORE = "UPDATE exercise_stats SET updated_at = updated_at + interval '1 second'"


def test_what_another_read_has_recounted_is_not_recounted(database):
    database.apply([performed(1, "count", 5, 3, weight=100)])
    database.run(COUNTED_BEFORE)
    # as two reads do that have found it at the same time
    counts = [database.recount_exercises((1, 9)) for _ in range(2)]
    lock_and_look = 2
    assert counts[0] > counts[1] == lock_and_look
    assert database.records(1)


def test_what_the_version_before_counts_again_and_again_is_unavailable(database, monkeypatch):
    database.apply([performed(1, "count", 5, 3, weight=100)])
    database.run(COUNTED_BEFORE)
    monkeypatch.setattr(processing, "recount_exercises", lambda *_: None)
    with pytest.raises(ServiceUnavailable):
        database.reads().records(1)


def test_what_the_version_before_could_not_know_is_counted_again(database):
    """It counts workouts with measures and starts from a newer workouts service."""
    log = Log(8, version_before=False)
    workouts = [log.workout(USERS[0]) for _ in range(20)]
    database.apply(workouts)
    expected = database.newer(), database.numbers()
    database.run(
        """
        UPDATE exercise_stats SET updated_at = updated_at + interval '1 second';
        UPDATE exercise_performance_history SET counted_at = NULL, measure = NULL,
            started_at = NULL;
        """
    )
    database.recount(USERS[0])
    known = database.processed(*log.there)
    again = [each for each in workouts if known[each["id"]].version == 0]
    assert {each["id"] for each in again} == database.noted()
    # as the follower of the feed does
    database.apply(again)
    assert (database.newer(), database.numbers()) == expected


def test_what_a_workouts_service_of_the_version_before_says_is_asked_for_again(database):
    """It says nothing of the measure and the start that a newer one has stored."""
    log = Log(11, version_before=False)
    workouts = [log.workout(USERS[0]) for _ in range(5)]
    database.apply(workouts)
    expected = database.newer(), database.numbers()
    database.run("".join(f"DELETE FROM {table};" for table in (*TABLES, *NEWER, PROCESSED)))

    def count(answer):
        database.run("UPDATE failed_changes SET next_attempt_at = now()")
        workouts_service = SimpleNamespace(get_many=lambda *_, **__: answer)
        cache = SimpleNamespace(changing=lambda *_: nullcontext())
        processor = WorkoutProcessor(database, cache, workouts_service, CountedWorkouts())
        processor.process(dict.fromkeys(log.there, USERS[0]))
        with database.together() as transaction:
            failed_changes.forget_failures(transaction.fetch, list(log.there))

    for _ in range(2):
        count(list(map(as_before, workouts)))
        assert database.noted() == log.there.keys()
    count(workouts)
    assert database.noted() == set()
    assert (database.newer(), database.numbers()) == expected


NOW = {1: "weight_reps", 2: "weight_duration", 3: "distance_duration"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_events_tell_what_becomes_of_the_records_that_are_shown(database, seed):
    log = Log(seed, version_before=False)
    database.knows(NOW)
    told_of = set()
    for _ in range(12):
        keys = [(user_id, exercise_id) for user_id in USERS for exercise_id in NOW]
        before = {key: database.shown(*key) for key in keys}
        told, deletions = log.batch()
        database.apply(told, deletions)
        events = {key: [] for key in keys}
        for event in database.take_events():
            what = [event[name] for name in ("type", "kind", "weight_kg", "old", "new")]
            events[event["user_id"], event["exercise_id"]].append(what)
            told_of.add((event["type"], event["kind"]))
        for key in keys:
            (measure_before, old), (measure, new) = before[key], database.shown(*key)
            if measure_before in (None, measure):
                assert sorted(events[key], key=str) == sorted(expected_events(old, new), key=str)
            elif measure is None:
                assert {event_type for event_type, *_ in events[key]} <= {"record_revoked"}
    assert len(told_of) > 12

    database.apply(log.there.values(), again=True)
    assert database.take_events() == []


def expected_events(old, new):
    for slot in old.keys() | new.keys():
        before, now = old.get(slot), new.get(slot)
        if now is not None and (before is None or size(now) > size(before)):
            event_type = "record_set"
        elif before is None or (now and size(now) == size(before) and now.place == before.place):
            continue
        else:
            event_type = "record_revoked"
        kind, kept_by = slot
        yield [event_type, kind, rounded(kept_by) or None, as_told(before), as_told(now)]


def size(record):
    # of paces, too: less time for a kilometre is better
    factor = POUND_IN_KILOGRAMS if record.unit == "lb" else -1 if record.unit == PACE else 1
    return record.value * factor


def as_told(record):
    return record and {
        "value": rounded(record.value),
        "unit": record.unit,
        "achieved_date": record.place[0].isoformat(),
        "workout_id": record.place[2],
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_batches_end_in_what_counting_everything_anew_gives(database, seed):
    log = Log(seed)
    for _ in range(12):
        told, deletions = log.batch()
        database.apply(told, deletions)
        if log.random.random() < 0.3:
            database.apply(told[::-1], deletions)
    carried = database.numbers()
    assert carried["exercise_stats"]
    assert carried["personal_records"]

    database.apply(log.there.values(), again=True)
    assert database.numbers() == carried

    with database.engine.begin() as connection:
        for table in (*TABLES, "processed_workouts", "exercise_performance_history"):
            connection.execute(text(f"DELETE FROM {table}"))
    database.apply(log.there.values())
    assert database.numbers() == carried


def test_new_workouts_are_one_lock_one_read_and_one_write(database):
    log = Log(1)
    database.apply([log.workout() for _ in range(40)])
    database.apply([log.workout(day=ago(0)) for _ in range(40)])
    # and what a record beat, where a new one is not the latest, or a tie is earlier
    most_lookups = len(USERS) * 3
    assert 3 <= database.statements <= 3 + most_lookups


@pytest.mark.parametrize("unit", ["kg", "lb"])
def test_what_an_earlier_workout_beats_is_read_with_all_else(database, unit):
    log = Log(5)
    for day, weight in ((30, 50), (1, 60), (10, 70)):
        database.apply([log.lifted(ago(day), weight, unit)])
        # the lock, the read, the write and the record events
        assert database.statements == 4
    weights = [
        (row["value"], row["previous_record"])
        for row in database.numbers()["personal_records"]
        if row["record_type"] == "max_weight"
    ]
    assert weights == [(70, 50)] * 3


def test_a_workout_without_a_record_takes_no_statement_for_events(database):
    log = Log(5)
    database.apply([log.held(ago(30), 60)])
    database.apply([log.held(ago(1), 60)])
    assert database.statements == 3


def test_what_several_earlier_workouts_beat_is_looked_up_at_once(database):
    log = Log(6)
    for day, weight in ((30, 50), (1, 60)):
        database.apply([log.lifted(ago(day), weight)])
    database.apply([log.lifted(ago(10), 70), log.lifted(ago(20), 65)])
    # the lock, the read, what was beaten in all exercises, the write and the record events
    assert database.statements == 5


def test_several_earlier_holds_of_a_batch_with_the_weight_of_a_record(database):
    """The first of them is what the record beats, until the second beats both."""
    log = Log(9, version_before=False)
    database.apply([log.held(ago(10), 60)])
    database.apply([log.held(ago(20), 30), log.held(ago(15), 90)])
    [(day, value, previous)] = [
        (row["achieved_date"], row["value"], row["previous_size"])
        for row in database.newer()["set_records"]
        if row["kind"] == "longest_at"
    ]
    assert (day, value, previous) == (ago(15), 90, 30)


def test_what_a_new_version_left_as_it_was_is_not_counted_anew(database):
    log = Log(2)
    workouts = [log.workout() for _ in range(10)]
    database.apply(workouts)
    with database.engine.begin() as connection:
        # whatever counts them now leaves another mark
        connection.execute(text("UPDATE exercise_stats SET lifetime_sets = -1"))
    before = database.numbers()
    database.apply(list(map(log.renamed, workouts)))

    assert database.statements == 4
    assert database.numbers() == before
    assert {known.version for known in database.processed(*log.there).values()} == {2}


def test_an_older_version_and_a_deleted_workout_change_nothing(database):
    log = Log(3)
    first, gone = log.workout(), log.workout()
    database.apply([first, gone])
    database.apply([log.changed(first)], {gone["id"]: gone["user_id"], 999: 1})
    before = database.numbers()

    database.apply([first, {**gone, "version": 7}, {**first, "id": 999, "version": 7}])
    assert database.numbers() == before
    assert database.processed(gone["id"])[gone["id"]].deleted


def test_the_migration_fills_in_what_is_carried_forward(database, address):
    log = Log(4)
    database.apply([log.workout() for _ in range(60)], {1: log.whose[1]})
    before = database.numbers()
    database.engine.dispose()

    migrate.downgrade("analytics", address, "0001")
    assert database.numbers() != before
    migrate.migrate("analytics", address)
    assert database.numbers() == before


def test_the_migration_of_set_records_waits_for_one_table_at_a_time(database, address):
    """A read that has seen the history goes on to the records while the migration waits for it."""
    database.engine.dispose()
    migrate.downgrade("analytics", address, "0005")
    with ThreadPoolExecutor(1) as pool, database.engine.connect() as reading:
        reading.execute(text("SET lock_timeout = '5s'"))
        reading.execute(text("SELECT FROM exercise_performance_history"))
        migrated = pool.submit(migrate.migrate, "analytics", address)
        eventually(lambda: database.is_waited_for("exercise_performance_history"))
        reading.execute(text("SELECT FROM personal_records, exercise_stats"))
        reading.rollback()
        migrated.result()


def test_the_migration_of_set_records_goes_on_where_it_was_broken_off(database, address):
    database.run("UPDATE alembic_version SET version_num = '0005'")
    database.engine.dispose()
    migrate.migrate("analytics", address)
    database.apply([Log(10, version_before=False).held(ago(1), 60)])
    assert database.newer()["set_records"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "is_estimated"),
    [("weight_reps", True), ("bodyweight_reps", True), ("reps", False), ("assisted_reps", False)],
)
def test_what_was_lifted_has_an_estimate_if_the_measure_of_now_has(database, measure, is_estimated):
    database.apply([performed(1, "count", 5, 3, weight=100)])
    database.run(
        "INSERT INTO exercise_facts (exercise_id, name, rep_type, measure, position) "
        f"VALUES (9, 'Hold', 'count', '{measure}', 1)"
    )
    reads = database.reads()
    [point] = reads.history(1, 9, "all", "day")["data_points"]
    maxes = reads.rep_maxes(1, 9, "epley")
    estimates = point["best_e1rm"], maxes["best_e1rm"], maxes["rep_maxes"][4]["exactly"]
    assert [bool(each) for each in estimates] == [is_estimated] * 3


def performed(workout_id, rep_type, reps, day, weight=None):
    """Return a workout of one set."""
    logged = {"set_number": 1, "reps": reps, "weight": weight, "unit": "kg", "set_type": "normal"}
    exercise = {"exercise_id": 9, "exercise_name": "Hold", "rep_type": rep_type, "order_index": 1}
    return {
        "id": workout_id,
        "user_id": 1,
        "version": 1,
        "date": ago(day),
        "duration_minutes": None,
        "exercises": [{**exercise, "sets": [{**logged, "rpe": None}]}],
    }


def test_kinds_are_told_apart_also_after_the_version_before_has_counted(database):
    """It does not know the columns that say that an exercise has one kind only."""
    database.apply([performed(1, "count", 50, 3)])
    [(rep_type, known_at)] = database.kinds()
    assert rep_type == "count"
    database.apply([performed(2, "time", 45, 2)])
    with database.engine.begin() as connection:
        statement = text("UPDATE exercise_stats SET rep_type = :kind, rep_type_at = :at")
        connection.execute(statement, {"kind": rep_type, "at": known_at})

    def shown():
        [found] = database.records(1)
        return [found["max_reps"][name] for name in ("value", "unit", "previous")]

    assert shown() == [45, "seconds", None]
    database.apply([performed(3, "time", 60, 1)])
    assert shown() == [60, "seconds", 45]
    assert [kind for kind, _ in database.kinds()] == [None]
    # what is left is of one kind again
    database.apply([], {2: 1, 3: 1})
    assert shown() == [50, "reps", None]
    assert [kind for kind, _ in database.kinds()] == ["count"]
