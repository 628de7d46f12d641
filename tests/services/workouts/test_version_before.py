"""Beside the version before sets had times and distances, on the same database.

Its statements are here as they were: what it writes is read by this version, and the other way
round.
"""

import orjson
import pytest
from redis import Redis
from sqlalchemy import NullPool, create_engine, text

from services.process.settings import Settings
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.test_workouts import User
from tests.waiting import eventually

BENCH, RUNNING, PLANK = 1, 5, 6
REP_TYPES = {BENCH: "count", RUNNING: "distance", PLANK: "time"}

INSERT = """
    WITH w AS (
        INSERT INTO workouts (user_id, name, date, duration_minutes, notes,
                              exercise_count, set_count, total_volume)
        VALUES (:user_id, NULL, CAST(:date AS date), NULL, NULL, 1, 1, 0)
        RETURNING *
    ), given AS MATERIALIZED (
        SELECT item, (item ->> 'order_index')::integer AS order_index
        FROM json_array_elements(CAST(:exercises AS json)) item
    ), exercises AS (
        INSERT INTO workout_exercises
            (user_id, workout_id, exercise_id, exercise_name, rep_type, order_index, notes)
        SELECT w.user_id, w.id, (item ->> 'exercise_id')::bigint,
               item ->> 'exercise_name', item ->> 'rep_type', order_index, item ->> 'notes'
        FROM w, given ORDER BY order_index
        RETURNING user_id, id, order_index
    ), sets AS (
        INSERT INTO exercise_sets
            (user_id, workout_exercise_id, set_number, reps, weight, unit, set_type, notes, rpe)
        SELECT e.user_id, e.id, s.set_number, s.reps, s.weight, s.unit, s.set_type, s.notes, s.rpe
        FROM exercises e
        JOIN given USING (order_index)
        CROSS JOIN LATERAL json_to_recordset(item -> 'sets') AS s (
            set_number integer, reps numeric, weight numeric, unit text, set_type text,
            notes text, rpe numeric)
        ORDER BY order_index, s.set_number
    )
    SELECT id FROM w
"""

SETS_TO_COUNT = """
    SELECT e.rep_type, json_build_object(
        'id', s.id, 'set_number', s.set_number, 'reps', trim_scale(s.reps),
        'weight', trim_scale(s.weight), 'unit', s.unit, 'set_type', s.set_type,
        'rpe', trim_scale(s.rpe))
    FROM workout_exercises e
    JOIN exercise_sets s ON s.user_id = e.user_id AND s.workout_exercise_id = e.id
    WHERE e.workout_id = :workout_id ORDER BY e.order_index, s.set_number
"""


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


@pytest.fixture
def run(system):
    """Run a statement in the database of the workouts service."""
    address = Settings.from_environment(system.environment).databases["workouts"]
    engine = create_engine(address.url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            return connection.execute(text(statement), values).all()

    yield run
    engine.dispose()


def logged_before(run, user, exercise_id, reps):
    """Log a set as the version before does, and return its workout's id."""
    one_set = {"set_number": 1, "reps": reps, "weight": 10, "unit": "kg", "set_type": "normal"}
    exercise = {
        "exercise_id": exercise_id,
        "exercise_name": "x",
        "rep_type": REP_TYPES[exercise_id],
        "order_index": 1,
        "sets": [one_set],
    }
    exercises = orjson.dumps([exercise]).decode()
    ((workout_id,),) = run(INSERT, user_id=user.id, date="2025-02-16", exercises=exercises)
    return workout_id


@pytest.mark.parametrize(
    ("exercise_id", "reps", "duration", "distance", "measure"),
    [
        (BENCH, 5, None, None, "weight_reps"),
        (PLANK, 60, 60, None, "duration"),
        (RUNNING, 5000, None, 5000, "distance_duration"),
    ],
)
def test_what_it_logged_is_read_in_both_ways(
    run, user, exercise_id, reps, duration, distance, measure
):
    workout_id = logged_before(run, user, exercise_id, reps)
    workout = user.get(workout_id)
    assert (workout["started_at"], workout["ended_at"], workout["time_zone"]) == (None, None, None)
    (logged,) = workout["exercises"][0]["sets"]
    shown = (logged["reps"], logged["duration_seconds"], logged["distance_m"])
    assert shown == (reps, duration, distance)
    assert (logged["rir"], logged["rest_seconds"]) == (None, None)
    assert user.rpc.workouts.last_sets(user.id, [exercise_id])[0]["sets"] == [logged]

    (counted,) = user.rpc.workouts.get_many([workout_id], rep_types=True)
    assert counted["started_at"] is None
    assert counted["exercises"][0]["measure"] == measure
    (logged,) = counted["exercises"][0]["sets"]
    assert (logged["reps"], logged["repetitions"]) == (reps, reps)
    # a change of something else leaves all that as it is
    assert user.update(workout_id, name="x")["exercises"] == workout["exercises"]


def test_it_counts_the_same_numbers_of_what_this_one_logged(run, user):
    """Its sum of reps is one over numbers, and the one that this version counts."""
    sets = [
        lift(BENCH, one(5, 100), {"duration_seconds": 30}),
        lift(PLANK, {"reps": 60}, {"duration_seconds": 45.5}, {"reps": 12, "duration_seconds": 60}),
        lift(RUNNING, {"distance_m": 5000, "duration_seconds": 1800}, {"duration_seconds": 600}),
    ]
    workout = user.create(body(ago(0), *sets))
    read = run(SETS_TO_COUNT, workout_id=workout["id"])
    assert [logged["reps"] for _, logged in read] == [5, 0, 60, 45.5, 60, 5000, 0]

    (counted,) = user.rpc.workouts.get_many([workout["id"]], rep_types=True)
    newer = [each for exercise in counted["exercises"] for each in exercise["sets"]]
    for (_, before), now in zip(read, newer, strict=True):
        assert now | before == now, "what it reads of a set, it also gets from this version"


def test_a_page_of_the_list_that_it_cached_is_made_anew(user, system):
    user.create({"started_at": "2025-02-16T18:30:00+01:00"})
    page = user.list()
    host, port = (system.environment[f"REDIS_{field}"] for field in ("HOST", "PORT"))
    with Redis(host, int(port)) as redis:
        pattern = f"workout:user:{user.id}:list:*"
        key = eventually(lambda: next(redis.scan_iter(pattern, count=1000), None))
        stored = orjson.loads(redis.get(key))
        del stored["value"]["items"][0]["client_id"]
        redis.set(key, orjson.dumps(stored | {"of": "with times"}), keepttl=True)
    assert user.list() == page


def test_a_workout_that_it_cached_is_made_anew(user, system):
    workout = user.create()
    assert user.get(workout["id"]) == workout
    host, port = (system.environment[f"REDIS_{field}"] for field in ("HOST", "PORT"))
    with Redis(host, int(port)) as redis:
        key = f"workout:user:{user.id}:id:{workout['id']}"
        stored = orjson.loads(eventually(lambda: redis.get(key)))
        del stored["value"]["client_id"]
        redis.set(key, orjson.dumps(stored | {"of": None}), keepttl=True)
    assert user.get(workout["id"]) == workout
