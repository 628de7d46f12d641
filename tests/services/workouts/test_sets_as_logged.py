"""Sets of repetitions, times and distances over RPC: what comes back, and what counts."""

import pytest

from schemas.errors import ValidationFailed
from tests.services.logbook import ago, body, lift
from tests.services.workouts.test_workouts import User, faults
from tests.waiting import eventually

BENCH, SQUAT, PULL_UPS, RUNNING, PLANK = 1, 2, 4, 5, 6
WORK = ("reps", "duration_seconds", "distance_m")


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


def work(logged):
    return tuple(logged[name] for name in WORK)


def log(user, exercise_id, **fields):
    """Log a set, and return its workout's id and how it came back, also when it is read."""
    workout = user.create(body(ago(0), lift(exercise_id, fields)))
    assert user.get(workout["id"]) == workout
    (shown,) = user.rpc.workouts.get_many([workout["id"]])
    assert shown == workout
    return workout["id"], workout["exercises"][0]["sets"][0]


def counted(user, workout_id):
    """Return the set as analytics counts it."""
    ((exercise,),) = (
        each["exercises"] for each in user.rpc.workouts.get_many([workout_id], rep_types=True)
    )
    (logged,) = exercise["sets"]
    return logged


CASES = [
    (BENCH, {"reps": 5}, (5, None, None), 5),
    (BENCH, {"reps": 5, "duration_seconds": 40.25}, (5, 40.25, None), 5),
    (BENCH, {"duration_seconds": 40}, (None, 40, None), 0),
    (PLANK, {"reps": 60}, (60, 60, None), 60),
    (PLANK, {"duration_seconds": 60}, (60, 60, None), 60),
    (PLANK, {"reps": 1_000_000}, (1_000_000, 1_000_000, None), 1_000_000),
    (PLANK, {"reps": 12, "duration_seconds": 60}, (12, 60, None), 60),
    (RUNNING, {"reps": 5000}, (5000, None, 5000), 5000),
    (RUNNING, {"reps": 1_000_000}, (1_000_000, None, 1_000_000), 1_000_000),
    (RUNNING, {"distance_m": 5000, "duration_seconds": 1800}, (5000, 1800, 5000), 5000),
    (RUNNING, {"duration_seconds": 1800}, (None, 1800, None), 0),
]


@pytest.mark.parametrize(("exercise_id", "given", "shown", "counts"), CASES)
def test_both_ways_to_say_what_was_done_come_back(user, exercise_id, given, shown, counts):
    workout_id, logged = log(user, exercise_id, **given)
    assert work(logged) == shown
    to_count = counted(user, workout_id)
    assert (to_count["reps"], to_count["repetitions"]) == (counts, given.get("reps"))
    assert work(to_count)[1:] == shown[1:]


def test_what_was_read_may_be_put_back(user):
    sets = [given for exercise_id, given, _, _ in CASES if exercise_id == RUNNING]
    before = user.create(body(ago(0), lift(RUNNING, *sets)))
    (exercise,) = before["exercises"]
    kept = [{name: each[name] for name in each if name != "id"} for each in exercise["sets"]]
    after = user.update(before["id"], exercises=[lift(RUNNING, *kept)])
    assert [work(each) for each in after["exercises"][0]["sets"]] == [*map(work, exercise["sets"])]


def test_every_field_comes_back(user):
    fields = {
        "set_number": 4,
        "reps": 8,
        "duration_seconds": 61.25,
        "distance_m": 20.5,
        "weight": 24,
        "unit": "lb",
        "set_type": "timed",
        "rpe": 7.5,
        "rir": 2.5,
        "rest_seconds": 90,
        "notes": "n",
    }
    workout = user.create(body(ago(0), lift(BENCH, fields, superset=0)))
    (exercise,) = workout["exercises"]
    assert exercise["superset"] == 0
    assert exercise["sets"] == [{"id": exercise["sets"][0]["id"], **fields}]
    assert user.get(workout["id"]) == workout


def test_effort_is_kept_as_it_was_entered(user):
    assert log(user, BENCH, reps=5, rpe=8)[1]["rir"] is None
    assert log(user, BENCH, reps=5, rir=2)[1]["rpe"] is None
    both = log(user, BENCH, reps=5, rpe=7.5, rir=2.5)[1]
    assert (both["rpe"], both["rir"]) == (7.5, 2.5)


LIMITS = [
    {"reps": None, "duration_seconds": 0},
    {"reps": None, "duration_seconds": 604_800},
    {"reps": None, "duration_seconds": 0.01},
    {"reps": None, "distance_m": 0},
    {"reps": None, "distance_m": 1_000_000},
    {"reps": None, "distance_m": 999_999.99},
    {"rir": 0},
    {"rir": 10},
    {"rir": 0.5},
    {"rest_seconds": 0},
    {"rest_seconds": 3600},
    {"rest_seconds": 90.0},
]


@pytest.mark.parametrize("fields", LIMITS)
def test_the_limits_themselves_are_allowed(user, fields):
    _, logged = log(user, BENCH, **{"reps": 5, **fields})
    assert logged | fields == logged


@pytest.mark.parametrize("superset", [0, 100])
def test_the_limits_of_a_superset_are_allowed(user, superset):
    workout = user.create(exercises=[lift(BENCH, superset=superset)])
    assert workout["exercises"][0]["superset"] == superset


@pytest.mark.parametrize(
    ("fields", "name", "details"),
    [
        ({"reps": None}, "reps", {"constraint": "required", "received": None}),
        ({"duration_seconds": -1}, "duration_seconds", {"constraint": "min", "min_value": 0}),
        ({"duration_seconds": 604_800.01}, "duration_seconds", {"max_value": 604_800}),
        ({"duration_seconds": 1.001}, "duration_seconds", {"max_decimals": 2}),
        ({"duration_seconds": "60"}, "duration_seconds", {"constraint": "type"}),
        ({"distance_m": -0.01}, "distance_m", {"constraint": "min"}),
        ({"distance_m": 1_000_001}, "distance_m", {"constraint": "max", "max_value": 1_000_000}),
        ({"distance_m": 0.001}, "distance_m", {"constraint": "decimals"}),
        ({"rir": -0.5}, "rir", {"constraint": "min", "min_value": 0}),
        ({"rir": 10.5}, "rir", {"constraint": "max", "max_value": 10}),
        ({"rir": 1.25}, "rir", {"constraint": "step", "step": 0.5}),
        ({"rpe": 8, "rir": 3}, "rir", {"constraint": "sum", "sum": 10, "received": 11}),
        ({"rpe": 8.5, "rir": 1}, "rir", {"constraint": "sum", "sum": 10, "received": 9.5}),
        ({"rest_seconds": -1}, "rest_seconds", {"constraint": "min"}),
        ({"rest_seconds": 3601}, "rest_seconds", {"constraint": "max", "max_value": 3600}),
        ({"rest_seconds": 1.5}, "rest_seconds", {"constraint": "type", "expected": "integer"}),
        ({"repetitions": 5}, "repetitions", {"constraint": "unknown_field"}),
    ],
)
def test_a_set_beyond_the_limits(user, fields, name, details):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(body(ago(0), lift(BENCH, {"reps": 5, **fields})))
    (told,) = refusal.value.faults
    assert told["field"] == f"exercises[0].sets[0].{name}"
    assert told["details"] | details == told["details"]


def test_messages_name_the_fields_and_the_rule(user):
    nothing, contradiction = {"weight": 100}, {"reps": 5, "rpe": 8, "rir": 1}
    with pytest.raises(ValidationFailed) as refusal:
        user.create(body(ago(0), lift(BENCH, nothing, contradiction)))
    assert [told["message"] for told in refusal.value.faults] == [
        "A set needs reps, duration_seconds or distance_m",
        "RPE and RIR must add up to 10",
    ]


@pytest.mark.parametrize("effort", [(11, -1), (1e300, 1), (9, 1e300), ("8", 2), (True, 9)])
def test_effort_that_is_none_is_refused_by_itself(user, effort):
    rpe, rir = effort
    with pytest.raises(ValidationFailed) as refusal:
        user.create(body(ago(0), lift(BENCH, {"reps": 5, "rpe": rpe, "rir": rir})))
    assert "sum" not in {constraint for _, constraint in faults(refusal)}


@pytest.mark.parametrize("superset", [-1, 101, 1.5, "1"])
def test_a_superset_beyond_the_limits(user, superset):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(exercises=[lift(BENCH, superset=superset)])
    assert faults(refusal)[0][0] == "exercises[0].superset"


# What counts


@pytest.mark.slow
def test_times_and_distances_add_no_volume_and_no_repetitions(user):
    sets = [
        lift(BENCH, {"reps": 5, "weight": 100}, {"duration_seconds": 30, "weight": 100}),
        lift(RUNNING, {"distance_m": 5000, "duration_seconds": 1800, "weight": 10}),
        lift(PLANK, {"duration_seconds": 60, "weight": 10}),
    ]
    user.create(body(ago(0), *sets))
    (item,) = user.list()["items"]
    assert (item["set_count"], item["total_volume"]) == (4, 500)

    def volume():
        (week,) = user.rpc.analytics.progress(user.id, weeks=1)["weeks"]
        return week["total_volume"]

    eventually(lambda: volume() == 500)
    stats = user.rpc.analytics.exercise_history(user.id, BENCH)["data_points"]
    assert [(point["total_sets"], point["total_reps"]) for point in stats] == [(2, 5)]


@pytest.mark.slow
def test_weight_that_is_taken_off_adds_no_volume_and_added_weight_does(user):
    found = user.rpc.exercises.search("assisted pull-up", limit=1)["items"]
    ((assisted, measure),) = ((each["id"], each["measure"]) for each in found)
    assert measure == "assisted_reps"
    sets = {"reps": 8, "weight": 20}
    user.create(body(ago(0), lift(assisted, sets), lift(PULL_UPS, sets)))
    (item,) = user.list()["items"]
    assert (item["set_count"], item["total_volume"]) == (2, 160)

    def volumes():
        history = user.rpc.analytics.exercise_history
        return [history(user.id, each)["stats"]["lifetime_volume"] for each in (assisted, PULL_UPS)]

    eventually(lambda: volumes() == [0, 160])


@pytest.mark.slow
def test_statistics_are_the_same_whichever_way_a_set_was_sent(user):
    other = User(user.rpc, user.id + 10**10)
    user.create(body(ago(0), lift(PLANK, {"reps": 60}), lift(RUNNING, {"reps": 5000})))
    other.create(
        body(
            ago(0),
            lift(PLANK, {"duration_seconds": 60}),
            lift(RUNNING, {"distance_m": 5000, "duration_seconds": 1800}),
        )
    )

    def records(who):
        found = who.rpc.analytics.personal_records(who.id)["records"]
        return [(each["exercise_id"], each["max_reps"]["value"]) for each in found]

    expected = [(RUNNING, 5000), (PLANK, 60)]
    eventually(lambda: records(user) == records(other) == expected)
