"""Workouts over RPC: what may be logged, how it comes back, and the feed of what changed."""

import json
import random
import time
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from nameko.testing.services import worker_factory
from psycopg2 import IntegrityError as DatabaseRefusal
from redis import Redis
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import IntegrityError

from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    InternalError,
    InvalidParameter,
    NotFound,
    ServiceUnavailable,
    ValidationFailed,
)
from services.dependencies.database import Database
from services.process.settings import Settings
from services.transport.amqp.json import dumps
from services.workouts import writes
from services.workouts.service import Workouts
from tests.services.clients import all_fine, at_once, connected
from tests.services.logbook import ago, body, lift, one, today
from tests.services.recount import SEED_REP_TYPES, Recount
from tests.waiting import eventually

BENCH, SQUAT, RUNNING, PLANK = 1, 2, 5, 6
FEED_LOCK = 7_306_001
LATER_FIELDS = dict.fromkeys(["duration_seconds", "distance_m", "rir", "rest_seconds"])
SET_TYPES = [
    "warmup",
    "normal",
    "top",
    "backoff",
    "drop",
    "failure",
    "amrap",
    "approximation",
    "timed",
    "distance",
]


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


class User:
    """A user of the workouts service."""

    def __init__(self, rpc, user_id):
        self.rpc = rpc
        self.id = user_id

    def create(self, workout=None, key=None, **more):
        given = {"date": ago(0), **more} if workout is None else workout
        return self.rpc.workouts.create(self.id, given, key)["workout"]

    def create_set(self, **fields):
        """Log a set and return it as it came back."""
        return self.create(body(ago(0), lift(BENCH, fields)))["exercises"][0]["sets"][0]

    def get(self, workout_id):
        return self.rpc.workouts.get(workout_id, self.id)

    def update(self, workout_id, **changes):
        return self.rpc.workouts.update(self.id, workout_id, changes)

    def delete(self, workout_id):
        return self.rpc.workouts.delete(self.id, workout_id)

    def list(self, **query):
        return self.rpc.workouts.list(self.id, **query)

    def listed(self, **query):
        return [item["id"] for item in self.list(**query)["items"]]

    def feed(self, workout_id):
        return self.rpc.workouts.changes(workout_id=workout_id)


def faults(refusal):
    """Return ``(field, constraint)`` of every fault, in order."""
    told = refusal.value.faults
    return [(entry.get("field", ""), entry["details"]["constraint"]) for entry in told]


def instant(text):
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


# What comes back


def test_a_whole_workout(user):
    given = {
        "date": "2025-02-16",
        "name": "Push Day A",
        "duration_minutes": 75,
        "notes": "Great session",
        "exercises": [
            {
                "exercise_id": BENCH,
                "order_index": 1,
                "notes": "Paused reps",
                "sets": [
                    {
                        "set_number": 1,
                        "reps": 8,
                        "weight": 60,
                        "unit": "kg",
                        "set_type": "warmup",
                        "rpe": 4,
                    },
                    {
                        "set_number": 2,
                        "reps": 5,
                        "weight": 102.5,
                        "unit": "lb",
                        "set_type": "top",
                        "rpe": 8.5,
                        "notes": "New PR!",
                    },
                ],
            }
        ],
    }
    answer = user.rpc.workouts.create(user.id, given)

    assert answer.keys() == {"workout", "replayed", "counted"}
    assert answer["replayed"] is False
    workout = answer["workout"]
    (exercise,) = workout["exercises"]
    warmup, top = exercise["sets"]
    assert workout == {
        "id": workout["id"],
        "user_id": user.id,
        "client_id": None,
        "name": "Push Day A",
        "date": "2025-02-16",
        "started_at": None,
        "ended_at": None,
        "time_zone": None,
        "duration_minutes": 75,
        "notes": "Great session",
        "version": 1,
        "created_at": workout["created_at"],
        "updated_at": workout["updated_at"],
        "exercises": [exercise],
    }
    assert exercise == {
        "id": exercise["id"],
        "exercise_id": BENCH,
        "exercise_name": user.rpc.exercises.get(BENCH)["name"],
        "order_index": 1,
        "superset": None,
        "notes": "Paused reps",
        "sets": [warmup, top],
    }
    assert warmup == {
        "id": warmup["id"],
        "set_number": 1,
        "reps": 8,
        "weight": 60,
        "unit": "kg",
        "set_type": "warmup",
        "rpe": 4,
        "notes": None,
        **LATER_FIELDS,
    }
    assert top == {
        "id": top["id"],
        "set_number": 2,
        "reps": 5,
        "weight": 102.5,
        "unit": "lb",
        "set_type": "top",
        "rpe": 8.5,
        "notes": "New PR!",
        **LATER_FIELDS,
    }
    assert all(type(thing["id"]) is int for thing in (workout, exercise, warmup, top))
    assert instant(workout["created_at"]) == instant(workout["updated_at"])
    assert user.get(workout["id"]) == workout
    assert user.rpc.workouts.get(workout["id"]) == workout


def test_what_is_left_out_has_its_default(user):
    workout = user.create({"date": "2025-02-16", "exercises": [lift(BENCH, {"reps": 5})]})

    assert (workout["name"], workout["duration_minutes"], workout["notes"]) == (None, None, None)
    (exercise,) = workout["exercises"]
    assert (exercise["order_index"], exercise["notes"]) == (1, None)
    (logged,) = exercise["sets"]
    assert logged == {
        "id": logged["id"],
        "set_number": 1,
        "reps": 5,
        "weight": None,
        "unit": "kg",
        "set_type": "normal",
        "rpe": None,
        "notes": None,
        **LATER_FIELDS,
    }


def test_null_counts_as_left_out(user):
    nothing = dict.fromkeys(["set_number", "weight", "unit", "set_type", "rpe", "notes"])
    workout = user.create(
        {
            "date": "2025-02-16",
            "name": None,
            "duration_minutes": None,
            "notes": None,
            "exercises": [
                {"exercise_id": BENCH, "order_index": None, "sets": [{"reps": 5, **nothing}]},
                {"exercise_id": SQUAT, "sets": None},
            ],
        }
    )

    bench, squat = workout["exercises"]
    assert bench["sets"][0]["unit"] == "kg"
    assert bench["sets"][0]["set_type"] == "normal"
    assert [bench["order_index"], squat["order_index"]] == [1, 2]
    assert squat["sets"] == []
    assert user.create(date="2025-02-16", exercises=None)["exercises"] == []


def test_exercises_and_sets_may_be_empty_or_left_out(user):
    assert user.create()["exercises"] == []
    assert user.create(exercises=[])["exercises"] == []
    workout = user.create(exercises=[{"exercise_id": BENCH}, {"exercise_id": SQUAT, "sets": []}])
    assert [exercise["sets"] for exercise in workout["exercises"]] == [[], []]


def test_places_default_to_those_in_the_list_and_decide_the_order(user):
    workout = user.create(
        exercises=[
            lift(BENCH, one(1), one(2, set_number=9), one(3), order_index=7),
            lift(SQUAT),
            lift(PLANK, order_index=1),
        ]
    )

    places = [(item["order_index"], item["exercise_id"]) for item in workout["exercises"]]
    assert places == [(1, PLANK), (2, SQUAT), (7, BENCH)]
    sets = [(item["set_number"], item["reps"]) for item in workout["exercises"][2]["sets"]]
    assert sets == [(1, 1), (3, 3), (9, 2)]


def test_numbers_have_no_trailing_noise(user):
    workout = user.create(body(ago(0), lift(BENCH, one(8.0, 102.50, rpe=8.0), one(12.25, 100.000))))

    first, second = workout["exercises"][0]["sets"]
    assert json.dumps([first["reps"], first["weight"], first["rpe"]]) == "[8, 102.5, 8]"
    assert json.dumps([second["reps"], second["weight"]]) == "[12.25, 100]"


def test_pounds_have_one_name(user):
    assert user.create_set(reps=5, weight=225, unit="lbs")["unit"] == "lb"
    assert user.create_set(reps=5, weight=225, unit="lb")["unit"] == "lb"


def test_white_space_around_text_is_trimmed(user):
    workout = user.create(
        {
            "date": " 2025-02-16 ",
            "name": "  Push\tDay \n",
            "notes": "\u00a0\u2003 ",
            "exercises": [
                lift(BENCH, one(5, 1, " kg ", set_type="top ", notes=" up "), notes=" \t ")
            ],
        }
    )

    assert (workout["date"], workout["name"], workout["notes"]) == (
        "2025-02-16",
        "Push\tDay",
        None,
    )
    (exercise,) = workout["exercises"]
    assert exercise["notes"] is None
    assert exercise["sets"][0]["notes"] == "up"
    assert exercise["sets"][0]["set_type"] == "top"


def test_any_writing_comes_back_as_it_was(user):
    name = "Développé couché × 5 – 𝟛🏋️‍♀️ 'quote' \"double\" \\ %s {x} :y"
    workout = user.create(name=name, notes=name, exercises=[lift(BENCH, one(5, notes=name))])

    assert (workout["name"], workout["notes"]) == (name, name)
    assert user.get(workout["id"])["exercises"][0]["sets"][0]["notes"] == name
    assert user.list()["items"][0]["name"] == name


def test_workouts_to_count_come_without_notes(user):
    lifted = lift(1, one(5, 100, notes="of a set"), notes="of an exercise")
    logged = body(ago(0), lifted, notes="of a workout")
    workout = user.rpc.workouts.create(user.id, logged)["workout"]
    (shown,) = user.rpc.workouts.get_many([workout["id"]])
    assert shown == workout
    (counted,) = user.rpc.workouts.get_many([workout["id"]], rep_types=True)
    assert "notes" not in str(counted)
    assert counted["exercises"][0]["rep_type"] == "count"
    assert counted["exercises"][0]["sets"][0]["weight"] == 100


@pytest.mark.parametrize("rep_types", [False, True])
def test_workouts_may_be_asked_for_with_their_owners(user, rep_types):
    ids = [user.create(exercises=[lift(BENCH, one(5, weight))])["id"] for weight in (50, 60)]

    def found(*owners):
        workouts = user.rpc.workouts.get_many(ids, rep_types=rep_types, user_ids=owners)
        return {workout["id"]: workout["user_id"] for workout in workouts}

    assert found(user.id, user.id) == dict.fromkeys(ids, user.id)
    assert found(user.id, user.id + 10**9) == {ids[0]: user.id}
    with pytest.raises(InvalidParameter, match="user_ids must have 2 items"):
        found(user.id)


def test_changes_of_a_workout_may_be_asked_for_with_its_owner(user):
    workout_id = user.create()["id"]

    def found(owner):
        return user.rpc.workouts.changes(workout_id=workout_id, user_id=owner)

    assert [change["kind"] for change in found(user.id)] == ["created"]
    assert found(user.id + 10**9) == []


def test_a_new_workout_comes_as_analytics_counts_it_too(user):
    lifted = lift(BENCH, one(5, 100, notes="of a set"), notes="of an exercise")
    start = {"started_at": "2025-02-16T18:30:00+01:00", "notes": "of a workout"}
    logged = {**start, "exercises": [lifted, lift(PLANK, {"duration_seconds": 75})]}
    answer = user.rpc.workouts.create(user.id, logged, "counted")
    counted = user.rpc.workouts.get_many([answer["workout"]["id"]], rep_types=True)
    assert [json.loads(answer["counted"])] == counted
    assert "counted" not in user.rpc.workouts.create(user.id, logged, "counted")


def test_a_large_one_does_not(user):
    large = body(ago(0), *[lift(BENCH, *[one(5, 100)] * 100)] * 2)
    assert user.rpc.workouts.create(user.id, large).keys() == {"workout", "replayed"}


@pytest.mark.slow
def test_a_result_too_large_to_send_is_an_error_of_this_call_alone(user):
    """Such a reply once closed the connection on which those of others were leaving."""
    large = body(ago(0), *[lift(1, *[one(5, 100, notes="x" * 1000)] * 100)] * 9)
    ids = [user.rpc.workouts.create(user.id, large)["workout"]["id"] for _ in range(5)]
    for _ in range(3):
        with pytest.raises(InternalError):
            user.rpc.workouts.get_many(ids)
        assert user.rpc.workouts.list(user.id)["total"] == 5
    assert len(user.rpc.workouts.get_many(ids, rep_types=True)) == 5


def test_rep_types_are_told_to_who_asks(user):
    workout = user.create(exercises=[lift(key) for key in SEED_REP_TYPES])

    told = user.rpc.workouts.get(workout["id"], rep_types=True)["exercises"]
    assert {item["exercise_id"]: item["rep_type"] for item in told} == SEED_REP_TYPES
    assert "rep_type" not in user.get(workout["id"])["exercises"][0]


# Limits


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * 255},
        {"name": " " + "é" * 255 + " "},
        {"notes": "n" * 5000},
        {"duration_minutes": 0},
        {"duration_minutes": 1440},
        {"duration_minutes": 75.0},
        {"date": "1900-01-01"},
        {"date": "2024-02-29"},
        {"exercises": [lift(BENCH)] * 100},
        {"exercises": [lift(BENCH, *[one(1)] * 100)] * 10},
        {"exercises": [lift(BENCH, order_index=1000)]},
        {"exercises": [lift(BENCH, notes="n" * 1000)]},
    ],
)
def test_the_limits_themselves_are_allowed(user, fields):
    workout = user.create(**fields)

    assert user.get(workout["id"]) == workout
    for name, value in fields.items():
        if name != "exercises":
            assert workout[name] == (value.strip() if isinstance(value, str) else value)


@pytest.mark.parametrize(
    "fields",
    [
        {"reps": 0},
        {"reps": -0.0},
        {"reps": 1_000_000},
        {"reps": 0.01},
        {"reps": 999_999.99},
        {"weight": 0},
        {"weight": 0.01},
        {"weight": 10_000},
        {"weight": 9_999.99},
        {"rpe": 1},
        {"rpe": 9.5},
        {"rpe": 10},
        {"set_number": 1000},
        {"notes": "n" * 1000},
        *({"set_type": kind} for kind in SET_TYPES),
    ],
)
def test_the_limits_of_a_set_are_allowed(user, fields):
    logged = user.create_set(**{"reps": 5, **fields})

    for name, value in fields.items():
        assert logged[name] == value
        assert str(logged[name])[0] != "-"


def test_tomorrow_is_not_the_future(user):
    assert user.create(date=ago(-1))["date"] == ago(-1)


@pytest.mark.parametrize(
    ("fields", "field", "details"),
    [
        ({"date": None}, "date", {"constraint": "required"}),
        ({"date": ""}, "date", {"constraint": "date"}),
        ({"date": "2025-02-30"}, "date", {"constraint": "date", "received": "2025-02-30"}),
        ({"date": "16.02.2025"}, "date", {"constraint": "date"}),
        ({"date": "2025-2-16"}, "date", {"constraint": "date"}),
        ({"date": "20250216"}, "date", {"constraint": "date"}),
        ({"date": "2025-02-16T10:00:00Z"}, "date", {"constraint": "date"}),
        ({"date": "２０２５-02-16"}, "date", {"constraint": "date"}),
        ({"date": 20250216}, "date", {"constraint": "type", "expected": "string"}),
        ({"date": "1899-12-31"}, "date", {"constraint": "min", "min_value": "1900-01-01"}),
        ({"name": "n" * 256}, "name", {"constraint": "max_length", "max_length": 255}),
        ({"name": "n" * 256}, "name", {"constraint": "max_length", "received": 256}),
        ({"name": 5}, "name", {"constraint": "type", "expected": "string", "received": 5}),
        ({"name": "a\x00b"}, "name", {"constraint": "characters"}),
        ({"notes": "n" * 5001}, "notes", {"constraint": "max_length", "max_length": 5000}),
        ({"notes": ["n"]}, "notes", {"constraint": "type", "expected": "string"}),
        (
            {"duration_minutes": -1},
            "duration_minutes",
            {"constraint": "min", "min_value": 0, "received": -1},
        ),
        (
            {"duration_minutes": 1441},
            "duration_minutes",
            {"constraint": "max", "max_value": 1440, "received": 1441},
        ),
        (
            {"duration_minutes": 7.5},
            "duration_minutes",
            {"constraint": "type", "expected": "integer", "received": 7.5},
        ),
        ({"duration_minutes": "75"}, "duration_minutes", {"constraint": "type"}),
        ({"duration_minutes": True}, "duration_minutes", {"constraint": "type"}),
        ({"exercises": {}}, "exercises", {"constraint": "type", "expected": "array"}),
        ({"exercises": "1"}, "exercises", {"constraint": "type", "expected": "array"}),
        ({"exercises": [5]}, "exercises[0]", {"constraint": "type", "expected": "object"}),
        ({"exercises": [None]}, "exercises[0]", {"constraint": "type", "expected": "object"}),
        (
            {"exercises": [lift(BENCH)] * 101},
            "exercises",
            {"constraint": "max_items", "max_items": 100, "received": 101},
        ),
        (
            {"exercises": [lift(BENCH), lift(BENCH, *[one(1)] * 101)]},
            "exercises[1].sets",
            {"constraint": "max_items", "max_items": 100, "received": 101},
        ),
        (
            {"exercises": [*([lift(BENCH, *[one(1)] * 100)] * 10), lift(BENCH, one(1))]},
            "exercises",
            {"constraint": "max_items", "max_items": 1000, "received": 1001},
        ),
        ({"exercises": [{}]}, "exercises[0].exercise_id", {"constraint": "required"}),
        ({"exercises": [lift(0)]}, "exercises[0].exercise_id", {"constraint": "min"}),
        ({"exercises": [lift(2**63)]}, "exercises[0].exercise_id", {"constraint": "max"}),
        ({"exercises": [lift("1")]}, "exercises[0].exercise_id", {"constraint": "type"}),
        ({"exercises": [lift(1.5)]}, "exercises[0].exercise_id", {"constraint": "type"}),
        (
            {"exercises": [lift(BENCH, order_index=0)]},
            "exercises[0].order_index",
            {"constraint": "min", "min_value": 1, "received": 0},
        ),
        (
            {"exercises": [lift(BENCH, order_index=1001)]},
            "exercises[0].order_index",
            {"constraint": "max", "max_value": 1000},
        ),
        (
            {"exercises": [lift(BENCH), lift(BENCH, order_index=1)]},
            "exercises[1].order_index",
            {"constraint": "unique", "received": 1},
        ),
        (
            {"exercises": [lift(BENCH, notes="n" * 1001)]},
            "exercises[0].notes",
            {"constraint": "max_length", "max_length": 1000, "received": 1001},
        ),
        ({"exercises": [lift(BENCH) | {"sets": 5}]}, "exercises[0].sets", {"constraint": "type"}),
        # what the server makes
        *(
            ({name: 1}, name, {"constraint": "unknown_field"})
            for name in (
                "id",
                "user_id",
                "version",
                "created_at",
                "updated_at",
                "exercise_count",
                "set_count",
                "total_volume",
                "Date",
            )
        ),
        *(
            (
                {"exercises": [lift(BENCH), lift(BENCH, **{name: "x"})]},
                f"exercises[1].{name}",
                {"constraint": "unknown_field"},
            )
            for name in ("id", "exercise_name", "rep_type", "created_at")
        ),
    ],
)
def test_a_workout_beyond_the_limits(user, fields, field, details):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(**fields)

    (told,) = refusal.value.faults
    assert told["field"] == field
    assert told["details"] | details == told["details"]
    assert user.list()["total"] == 0


@pytest.mark.parametrize(
    ("fields", "name", "details"),
    [
        ({"reps": None}, "reps", {"constraint": "required"}),
        ({"reps": -0.01}, "reps", {"constraint": "min", "min_value": 0, "received": -0.01}),
        ({"reps": 1_000_000.01}, "reps", {"constraint": "max", "max_value": 1_000_000}),
        ({"reps": 5.001}, "reps", {"constraint": "decimals", "max_decimals": 2}),
        ({"reps": "5"}, "reps", {"constraint": "type", "expected": "number", "received": "5"}),
        ({"reps": True}, "reps", {"constraint": "type", "expected": "number"}),
        ({"reps": [5]}, "reps", {"constraint": "type"}),
        ({"weight": -1}, "weight", {"constraint": "min", "min_value": 0}),
        ({"weight": 10_000.01}, "weight", {"constraint": "max", "max_value": 10_000}),
        ({"weight": 0.001}, "weight", {"constraint": "decimals", "max_decimals": 2}),
        ({"weight": "heavy"}, "weight", {"constraint": "type"}),
        ({"unit": "stone"}, "unit", {"constraint": "one_of", "received": "stone"}),
        ({"unit": "KG"}, "unit", {"constraint": "one_of"}),
        ({"unit": 1}, "unit", {"constraint": "type"}),
        ({"set_type": "easy"}, "set_type", {"constraint": "one_of", "allowed": SET_TYPES}),
        ({"set_type": "Warmup"}, "set_type", {"constraint": "one_of"}),
        ({"rpe": 0.5}, "rpe", {"constraint": "min", "min_value": 1}),
        ({"rpe": 10.5}, "rpe", {"constraint": "max", "max_value": 10}),
        ({"rpe": 8.25}, "rpe", {"constraint": "step", "step": 0.5, "received": 8.25}),
        ({"set_number": 0}, "set_number", {"constraint": "min", "min_value": 1}),
        ({"set_number": 1001}, "set_number", {"constraint": "max", "max_value": 1000}),
        ({"set_number": 2.5}, "set_number", {"constraint": "type", "expected": "integer"}),
        ({"set_number": 1}, "set_number", {"constraint": "unique", "received": 1}),
        ({"notes": "n" * 1001}, "notes", {"constraint": "max_length", "max_length": 1000}),
        ({"id": 1}, "id", {"constraint": "unknown_field"}),
    ],
)
def test_a_set_beyond_the_limits(user, fields, name, details):
    sets = [one(5), {"reps": 5, **fields}]
    with pytest.raises(ValidationFailed) as refusal:
        user.create(body(ago(0), lift(BENCH), lift(BENCH, *sets)))

    (told,) = refusal.value.faults
    assert told["field"] == f"exercises[1].sets[1].{name}"
    assert told["details"] | details == told["details"]


@pytest.mark.parametrize("workout", [None, [], "x", 5])
def test_a_workout_is_an_object(user, workout):
    with pytest.raises(ValidationFailed) as refusal:
        user.rpc.workouts.create(user.id, workout)
    assert faults(refusal) == [("", "type")]


def test_all_faults_are_told_at_once(user):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(
            {
                "name": "n" * 256,
                "mood": "fine",
                "exercises": [
                    {"sets": [{"reps": -1, "rpe": 11}, {"unit": "stone"}]},
                    lift(BENCH, one(5, 20_000)),
                ],
            }
        )

    assert sorted(faults(refusal)) == [
        ("date", "required"),
        ("exercises[0].exercise_id", "required"),
        ("exercises[0].sets[0].reps", "min"),
        ("exercises[0].sets[0].rpe", "max"),
        ("exercises[0].sets[1].reps", "required"),
        ("exercises[0].sets[1].unit", "one_of"),
        ("exercises[1].sets[0].weight", "max"),
        ("mood", "unknown_field"),
        ("name", "max_length"),
    ]


def test_a_place_taken_twice_is_told_beside_other_faults(user):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(
            body(
                ago(0),
                lift(BENCH, one(-1, set_number=3), one(5, set_number=3), order_index=2),
                lift(BENCH, order_index=2),
            )
        )

    assert sorted(faults(refusal)) == [
        ("exercises[0].sets[0].reps", "min"),
        ("exercises[0].sets[1].set_number", "unique"),
        ("exercises[1].order_index", "unique"),
    ]


# What is well-formed and not allowed


def test_the_future_starts_after_tomorrow(user):
    with pytest.raises(BusinessRuleViolation) as refusal:
        user.create(date=(today() + timedelta(days=3)).isoformat())
    assert refusal.value.details["max_value"] >= ago(-1)


def test_an_exercise_must_exist(user):
    with pytest.raises(BusinessRuleViolation) as refusal:
        user.create(exercises=[lift(BENCH), lift(2**63 - 1), lift(10**9)])
    assert refusal.value.details["exercise_ids"] == [10**9, 2**63 - 1]
    assert refusal.value.field == "exercises[1].exercise_id"
    assert user.list()["total"] == 0


def test_what_is_malformed_is_told_before_what_is_not_allowed(user):
    with pytest.raises(ValidationFailed):
        user.create(date=ago(-30), name=5)
    with pytest.raises(NotFound):
        user.update(2**62, date=ago(-30))
    workout = user.create()
    with pytest.raises(Conflict):
        user.update(workout["id"], date=ago(-30), version=9)


# Changing


def test_only_what_is_given_changes(user):
    before = user.create(
        {
            "date": ago(9),
            "name": "Push",
            "duration_minutes": 60,
            "notes": "ok",
            "exercises": [lift(BENCH, one(5, 100))],
        }
    )
    after = user.update(before["id"], name=" Pull ")

    changed = {"name": "Pull", "version": 2, "updated_at": after["updated_at"]}
    assert after == before | changed
    assert instant(after["updated_at"]) > instant(before["updated_at"])
    assert user.get(before["id"]) == after


def test_every_field_can_change(user):
    workout = user.create()
    changes = {"date": "2024-02-29", "name": "Legs", "duration_minutes": 0, "notes": "n"}
    after = user.update(workout["id"], **changes)

    assert {name: after[name] for name in changes} == changes


def test_exercises_are_replaced_as_a_whole(user):
    workout = user.create(exercises=[lift(BENCH, one(5, 100)), lift(SQUAT, one(5, 140))])
    after = user.update(workout["id"], exercises=[lift(PLANK, one(60), one(30))])

    assert [item["exercise_id"] for item in after["exercises"]] == [PLANK]
    assert [item["reps"] for item in after["exercises"][0]["sets"]] == [60, 30]
    (item,) = user.list()["items"]
    assert (item["exercise_count"], item["set_count"], item["total_volume"]) == (1, 2, 0)
    assert user.update(workout["id"], exercises=[])["exercises"] == []


def test_the_version_goes_up_with_each_change_that_gives_a_field(user):
    workout = user.create()
    versions = [
        user.update(workout["id"], **changes)["version"]
        for changes in ({"name": "a"}, {"name": "a"}, {}, {"name": None}, {"exercises": []})
    ]

    assert (workout["version"], versions) == (1, [2, 3, 3, 4, 5])


WHOLE = {
    "date": "2025-02-16",
    "name": "Push",
    "duration_minutes": 60,
    "notes": "ok",
    "exercises": [{"exercise_id": BENCH, "sets": [{"reps": 5, "weight": 100}]}],
}
CLEARED = {"name": None, "duration_minutes": None, "notes": None, "exercises": []}
NOTHING_IN_LIST = {"exercise_count": 0, "set_count": 0, "total_volume": 0}


@pytest.mark.parametrize("field", CLEARED)
def test_null_clears_a_field(user, field):
    before = user.create(WHOLE)
    after = user.update(before["id"], **{field: None})

    changed = {field: CLEARED[field], "version": 2, "updated_at": after["updated_at"]}
    assert after == before | changed
    assert user.get(before["id"]) == after
    assert len(user.feed(before["id"])) == 2
    # what is clear already is given all the same
    assert user.update(before["id"], **{field: None})["version"] == 3


def test_null_clears_all_fields_at_once(user):
    before = user.create(WHOLE)
    after = user.update(before["id"], **dict.fromkeys(CLEARED), version=1)

    assert after == before | CLEARED | {"version": 2, "updated_at": after["updated_at"]}
    (item,) = user.list()["items"]
    assert {name: item[name] for name in NOTHING_IN_LIST} == NOTHING_IN_LIST


@pytest.mark.parametrize("blank", ["", " ", "\u00a0\t\n"])
@pytest.mark.parametrize("field", ["name", "notes"])
def test_blank_text_clears_a_field_as_null_does(user, field, blank):
    before = user.create(WHOLE)
    after = user.update(before["id"], **{field: blank})

    assert (after[field], after["version"]) == (None, 2)


def test_a_date_can_not_be_cleared(user):
    workout = user.create(WHOLE)

    with pytest.raises(ValidationFailed) as refusal:
        user.update(workout["id"], date=None, duration_minutes=-1)
    assert faults(refusal) == [("duration_minutes", "min"), ("date", "required")]
    assert user.get(workout["id"]) == workout


def test_a_version_that_is_null_is_left_out(user):
    workout = user.create(WHOLE)

    assert user.update(workout["id"], version=None) == workout
    assert user.update(workout["id"], version=None, name="Pull")["version"] == 2


def test_nested_parts_are_cleared_by_replacing_them(user):
    loaded = {"reps": 5, "weight": 100, "rpe": 8, "notes": "deep", "set_type": "top", "unit": "lb"}
    workout = user.create(exercises=[lift(BENCH, loaded, notes="paused")])
    cleared = dict.fromkeys(loaded) | {"reps": 5}
    after = user.update(workout["id"], exercises=[lift(BENCH, cleared, notes=None)])

    (exercise,) = after["exercises"]
    (logged,) = exercise["sets"]
    assert exercise["notes"] is None
    defaults = {"weight": None, "rpe": None, "notes": None, "set_type": "normal", "unit": "kg"}
    assert {name: logged[name] for name in defaults} == defaults


@pytest.mark.parametrize("changes", [{}, {"version": None}, {"version": 1}])
def test_nothing_given_changes_nothing(user, changes):
    workout = user.create(name="Push", exercises=[lift(BENCH, one(5))])

    assert user.update(workout["id"], **changes) == workout
    assert user.get(workout["id"]) == workout
    assert len(user.feed(workout["id"])) == 1


@pytest.mark.parametrize("version", [1, 3, 2**31 - 1])
def test_a_change_made_for_another_version(user, version):
    workout = user.create(name="old")
    user.update(workout["id"], name="new")

    with pytest.raises(Conflict):
        user.update(workout["id"], name="late", version=version)
    with pytest.raises(Conflict):
        user.update(workout["id"], version=version)
    assert user.get(workout["id"])["name"] == "new"
    assert user.update(workout["id"], name="newer", version=2)["version"] == 3


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"version": 0}, ("version", "min")),
        ({"version": "1"}, ("version", "type")),
        ({"date": "soon"}, ("date", "date")),
        ({"date": "1899-12-31"}, ("date", "min")),
        ({"duration_minutes": 1441}, ("duration_minutes", "max")),
        ({"user_id": 1}, ("user_id", "unknown_field")),
        ({"exercises": [{"exercise_id": 1, "sets": [{}]}]}, ("exercises[0].sets[0].reps",)),
        ({"exercises": [lift(1, *[one(1)] * 100)] * 11}, ("exercises", "max_items")),
    ],
)
def test_a_change_is_checked_like_a_new_workout(user, changes, fault):
    workout = user.create(name="Push")

    with pytest.raises(ValidationFailed) as refusal:
        user.update(workout["id"], **changes)
    assert [told[: len(fault)] for told in faults(refusal)] == [fault]
    assert user.get(workout["id"]) == workout


def test_a_change_may_not_break_the_rules(user):
    workout = user.create(name="Push")

    for changes in ({"date": ago(-3)}, {"exercises": [lift(10**9)]}):
        with pytest.raises(BusinessRuleViolation):
            user.update(workout["id"], **changes)
    assert user.get(workout["id"]) == workout


def test_of_changes_for_one_version_one_wins(user, system):
    workout = user.create(name="old")
    names = [f"writer {number}" for number in range(6)]

    def change(name):
        return lambda rpc: rpc.workouts.update(user.id, workout["id"], {"name": name, "version": 1})

    outcomes = at_once(system, *map(change, names))
    won = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(won), len(lost)) == (1, 5)
    assert user.get(workout["id"]) == won[0]


def test_changes_at_the_same_time_are_all_counted(user, system):
    workout = user.create()

    def change(number):
        exercises = [lift(BENCH, *[one(number)] * 5), lift(SQUAT, *[one(number)] * 5)]
        changes = {"duration_minutes": number, "exercises": exercises}
        return lambda rpc: [
            rpc.workouts.update(user.id, workout["id"], changes)["version"] for _ in range(5)
        ]

    outcomes = all_fine(at_once(system, *map(change, range(4))))
    versions = sorted(version for outcome in outcomes for version in outcome)
    assert versions == list(range(2, 22))
    after = user.get(workout["id"])
    reps = {one["reps"] for item in after["exercises"] for one in item["sets"]}
    assert reps == {after["duration_minutes"]}, "no mixture of two changes"
    assert [len(item["sets"]) for item in after["exercises"]] == [5, 5]


# Deleting


def test_deleting(user):
    workout = user.create(date=ago(3), exercises=[lift(BENCH, one(5))])
    user.update(workout["id"], name="x")

    answer = user.delete(workout["id"])
    assert answer == {"id": workout["id"], "deleted": True, "version": 2, "date": ago(3)}
    with pytest.raises(NotFound):
        user.delete(workout["id"])
    with pytest.raises(NotFound):
        user.get(workout["id"])
    with pytest.raises(NotFound):
        user.update(workout["id"], name="y")
    assert user.list() == {"items": [], "total": 0}


def test_of_deletions_at_the_same_time_one_wins(user, system):
    workout = user.create()

    def delete(rpc):
        return rpc.workouts.delete(user.id, workout["id"])

    outcomes = at_once(system, *[delete] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound"] * 3 + ["dict"]
    assert [change["kind"] for change in user.feed(workout["id"])] == ["created", "deleted"]


def test_what_belongs_to_somebody_else_looks_as_if_it_were_not(user):
    workout = user.create(name="mine")
    stranger = User(user.rpc, user.id + 10**10)

    for attempt in (
        lambda id: stranger.get(id),
        lambda id: stranger.update(id, name="yours"),
        lambda id: stranger.update(id),
        lambda id: stranger.delete(id),
    ):
        with pytest.raises(NotFound) as not_mine:
            attempt(workout["id"])
        with pytest.raises(NotFound) as not_there:
            attempt(2**62)
        assert str(not_mine.value).replace(str(workout["id"]), str(2**62)) == str(not_there.value)
    assert user.get(workout["id"]) == workout
    assert stranger.list()["total"] == 0


@pytest.mark.parametrize("workout_id", [0, -1, 2**63, 1.5, "x", "", None, True])
def test_only_an_id_is_an_id(user, workout_id):
    for attempt in (user.get, user.update, user.delete):
        with pytest.raises(InvalidParameter):
            attempt(workout_id)


@pytest.mark.parametrize("user_id", [0, -1, 2**63, 1.5, "x", None, True, [1]])
def test_only_an_id_is_a_user(rpc, user_id):
    for attempt in (
        lambda: rpc.workouts.create(user_id, {"date": ago(0)}),
        lambda: rpc.workouts.list(user_id),
        lambda: rpc.workouts.update(user_id, 1, {"name": "x"}),
        lambda: rpc.workouts.delete(user_id, 1),
        lambda: rpc.analytics.personal_records(user_id),
        lambda: rpc.analytics.exercise_history(user_id, 1),
        lambda: rpc.analytics.progress(user_id),
    ):
        with pytest.raises(InvalidParameter) as refusal:
            attempt()
        assert faults(refusal)[0][0] == "user_id"


def test_an_id_is_a_number_in_the_answer_however_it_was_spelt(user):
    workout = user.create()

    assert user.get(str(workout["id"])) == workout
    assert user.update(str(workout["id"]), name="x")["id"] == workout["id"]
    assert user.delete(str(workout["id"]))["id"] == workout["id"]


# Listing


LISTED = {
    "id",
    "user_id",
    "client_id",
    "name",
    "date",
    "started_at",
    "ended_at",
    "time_zone",
    "duration_minutes",
    "notes",
    "version",
    "created_at",
    "updated_at",
    "exercise_count",
    "set_count",
    "total_volume",
}


def test_a_listed_workout(user):
    workout = user.create(
        {
            "date": ago(0),
            "exercises": [
                lift(BENCH, one(20, 50, set_type="warmup"), one(5, 102.5)),
                lift(SQUAT, one(5, 200, "lb"), one(5)),
                lift(BENCH, one(1, 110)),
                lift(PLANK, one(60, 10)),
                lift(RUNNING),
            ],
        }
    )

    answer = user.list()
    assert answer.keys() == {"items", "total"}
    (item,) = answer["items"]
    assert item.keys() == LISTED
    shared = LISTED - {"exercise_count", "set_count", "total_volume"}
    assert {name: item[name] for name in shared} == {name: workout[name] for name in shared}
    # four different exercises; warm-ups are sets as well, but no volume
    assert (item["exercise_count"], item["set_count"]) == (4, 6)
    assert item["total_volume"] == 1076.09


def test_the_volume_is_the_same_number_as_in_analytics(user):
    exercises = [
        lift(BENCH, *[one(5.55, 33.33, "lb")] * 7, one(9, 80, set_type="warmup")),
        lift(SQUAT, one(3, 0.01), one(1, 0.01, "lb")),
        lift(PLANK, one(60, 20)),
    ]
    workout = user.create(exercises=exercises)
    user.rpc.analytics.process_workout(workout["id"])

    (item,) = user.list()["items"]
    (week,) = user.rpc.analytics.progress(user.id, weeks=1)["weeks"]
    recount = Recount([workout], SEED_REP_TYPES, today())
    assert item["total_volume"] == week["total_volume"] == recount.volume(workout)

    largest = [lift(BENCH, *[one(1_000_000, 10_000)] * 100)] * 10
    user.update(workout["id"], exercises=largest)
    assert user.list()["items"][0]["total_volume"] == 10**13


@pytest.fixture
def five(user):
    """Five workouts, as ``(date, name, duration)``, and their ids in this order."""
    given = [
        ("2025-03-01", "Bravo", 50),
        ("2025-03-05", "Alpha", None),
        ("2025-03-05", "Delta", 30),
        ("2025-03-09", None, 40),
        ("2025-02-01", "Charlie", 30),
    ]
    ids = [
        user.create({"date": day, "name": name, "duration_minutes": minutes})["id"]
        for day, name, minutes in given
    ]
    return SimpleNamespace(ids=ids, list=user.list, listed=user.listed)


def test_the_newest_is_first(five):
    a, b, c, d, e = five.ids
    assert five.listed() == five.listed(sort="date:desc") == [d, c, b, a, e]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("date", "eabcd"),
        ("date:asc", "eabcd"),
        ("created_at", "abcde"),
        ("created_at:desc", "edcba"),
        ("name", "baecd"),
        ("name:desc", "ceabd"),
        ("duration_minutes", "cedab"),
        ("duration_minutes:desc,date:desc", "adceb"),
        ("duration_minutes,date", "ecdab"),
        ("date:desc,name:asc", "dbcae"),
        ("date,name:desc", "eacbd"),
    ],
)
def test_sorting(five, sort, order):
    assert "".join("abcde"[five.ids.index(found)] for found in five.listed(sort=sort)) == order


@pytest.mark.parametrize(
    ("days", "order"),
    [
        ({"date_from": "2025-03-05"}, "dcb"),
        ({"date_to": "2025-03-01"}, "ae"),
        ({"date_from": "2025-03-01", "date_to": "2025-03-05"}, "cba"),
        ({"date_from": "2025-03-05", "date_to": "2025-03-05"}, "cb"),
        ({"date_from": "2026-01-01"}, ""),
        ({"date_from": None, "date_to": None}, "dcbae"),
    ],
)
def test_filtering_by_date(five, days, order):
    answer = five.list(**days)
    found = [item["id"] for item in answer["items"]]
    assert "".join("abcde"[five.ids.index(one)] for one in found) == order
    assert answer["total"] == len(order)


def test_paging(five):
    pages = [five.listed(page=page, limit=2) for page in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [found for page in pages for found in page] == five.listed()
    assert five.list(page=9, limit=2)["total"] == 5
    assert five.list(page=10**9)["items"] == []
    assert five.listed(page="2", limit="2") == pages[1]


def test_ten_a_page_unless_said(user):
    for _ in range(11):
        user.create()

    assert len(user.listed()) == 10
    assert len(user.listed(limit=100)) == 11


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"page": 0}, ("page", "min")),
        ({"page": -1}, ("page", "min")),
        ({"page": "two"}, ("page", "type")),
        ({"page": 1.5}, ("page", "type")),
        ({"limit": 0}, ("limit", "min")),
        ({"limit": 101}, ("limit", "max")),
        ({"limit": "x"}, ("limit", "type")),
        ({"date_from": "2025-02-30"}, ("date_from", "date")),
        ({"date_to": "today"}, ("date_to", "date")),
        ({"sort": ""}, ("sort", "one_of")),
        ({"sort": "id"}, ("sort", "one_of")),
        ({"sort": "date:up"}, ("sort", "one_of")),
        ({"sort": "date:"}, ("sort", "one_of")),
        ({"sort": "date,"}, ("sort", "one_of")),
        ({"sort": "Date"}, ("sort", "one_of")),
        ({"sort": "date,date:desc"}, ("sort", "unique")),
        ({"sort": "date;DROP TABLE workouts"}, ("sort", "one_of")),
        ({"colour": "red"}, ("colour", "unknown_parameter")),
    ],
)
def test_a_bad_query(user, query, fault):
    with pytest.raises(InvalidParameter) as refusal:
        user.list(**query)
    assert faults(refusal) == [fault]


def test_all_bad_parameters_are_told_at_once(user):
    with pytest.raises(InvalidParameter) as refusal:
        user.list(page=0, limit=0, sort="x", date_to="x", y=1)
    assert {field for field, _ in faults(refusal)} == {"page", "limit", "sort", "date_to", "y"}


def test_a_range_does_not_end_before_it_begins(user):
    with pytest.raises(BusinessRuleViolation):
        user.list(date_from="2025-02-02", date_to="2025-02-01")


# Idempotency keys


def test_the_same_key_and_body_give_the_first_answer(user):
    given = body(ago(0), lift(BENCH, one(5, 100)))
    first = user.rpc.workouts.create(user.id, given, "key")
    again = user.rpc.workouts.create(user.id, given, idempotency_key="key")

    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["workout"] == first["workout"]
    assert user.list()["total"] == 1
    assert len(user.feed(first["workout"]["id"])) == 1


def test_the_first_answer_outlives_the_workout(user):
    first = user.create({"date": ago(0), "name": "first"}, "key")
    user.update(first["id"], name="changed")
    assert user.create({"date": ago(0), "name": "first"}, "key") == first

    user.delete(first["id"])
    assert user.create({"date": ago(0), "name": "first"}, "key") == first
    assert user.list()["total"] == 0


def test_another_body_may_not_use_the_key(user):
    user.create({"date": ago(0), "name": "one"}, "key")

    for other in ({"date": ago(0), "name": "two"}, {"date": ago(0)}):
        with pytest.raises(BusinessRuleViolation):
            user.create(other, "key")
    assert user.list()["total"] == 1


@pytest.mark.parametrize(
    "again",
    [
        '{"duration_minutes": 75.0, "date": "2025-02-16", "exercises": []}',
        '{"date": "2025-02-16", "exercises": [], "duration_minutes": 7.5e1}',
    ],
)
def test_a_body_is_compared_as_a_json_value(user, again):
    given = json.loads('{"date": "2025-02-16", "duration_minutes": 75, "exercises": []}')
    first = user.create(given, "key")

    assert user.create(json.loads(again), "key") == first


def test_minus_zero_is_zero_in_a_body_that_is_compared(user):
    first = user.create(body(ago(0), lift(BENCH, one(5, 0))), "key")

    assert user.create(body(ago(0), lift(BENCH, one(5, -0.0))), "key") == first


def test_a_key_is_the_users_own(user):
    first = user.create({"date": ago(0)}, "key")
    other = User(user.rpc, user.id + 10**10)

    assert other.create({"date": ago(0)}, "key")["id"] != first["id"]


def test_a_refused_body_does_not_use_the_key_up(user):
    for bad in ({}, {"date": ago(-9)}, body(ago(0), lift(10**9))):
        with pytest.raises((ValidationFailed, BusinessRuleViolation)):
            user.create(bad, "key")

    assert user.create({"date": ago(0)}, "key")["version"] == 1


@pytest.mark.parametrize("key", ["k" * 255, "!", "~", "a/b:c,d'e\"f\\g%s"])
def test_a_key_is_visible_ascii(user, key):
    first = user.create({"date": ago(0)}, key)
    assert user.create({"date": ago(0)}, key) == first


@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "é", "a\n", "\x7f", "\x00", 5, ["k"]])
def test_a_malformed_key(user, key):
    with pytest.raises(InvalidParameter) as refusal:
        user.create({"date": ago(0)}, key)
    assert faults(refusal)[0][0] == "Idempotency-Key"
    assert user.list()["total"] == 0


def test_a_key_is_kept_for_a_day(user, workout_db):
    first = user.create({"date": ago(0)}, "key")

    def age(hours):
        workout_db(
            "UPDATE idempotency_keys SET created_at = now() - make_interval(hours => :hours) "
            "WHERE user_id = :user_id",
            hours=hours,
            user_id=user.id,
        )

    age(23)
    assert user.create({"date": ago(0)}, "key") == first
    age(25)
    second = user.create({"date": ago(0), "name": "another"}, "key")
    assert second["id"] != first["id"]
    assert user.create({"date": ago(0), "name": "another"}, "key") == second


def test_the_same_request_many_times_at_once(user, system):
    given = body(ago(0), *[lift(BENCH, *[one(5, 100)] * 50)] * 5)
    clients = 6

    def send(rpc):
        return rpc.workouts.create(user.id, given, "key")

    outcomes = at_once(system, *[send] * clients)
    answers = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    waiting = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(answers) + len(waiting) == clients
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert len({answer["workout"]["id"] for answer in answers}) == 1
    assert user.list()["total"] == 1


# Caches


def test_a_user_reads_what_they_wrote(user):
    workout = user.create()
    for number in range(10):
        user.update(workout["id"], duration_minutes=number)
        assert user.get(workout["id"])["duration_minutes"] == number
        assert user.list()["items"][0]["duration_minutes"] == number
    second = user.create()
    assert user.list()["total"] == 2
    user.delete(workout["id"])
    assert user.listed() == [second["id"]]


@pytest.mark.slow
def test_a_read_is_never_older_than_an_answered_write(user, system):
    workout = user.create(duration_minutes=0)
    last = 150
    done = [0]

    def write(rpc):
        try:
            for number in range(1, last):
                rpc.workouts.update(user.id, workout["id"], {"duration_minutes": number})
                done.append(number)
        finally:
            done.append(last)

    def disturb(rpc):
        while done[-1] < last:
            other = rpc.workouts.create(user.id, {"date": ago(9)})["workout"]
            rpc.workouts.delete(user.id, other["id"])

    def read(rpc):
        reads = 0
        while (least := done[-1]) < last:
            assert rpc.workouts.get(workout["id"], user.id)["duration_minutes"] >= least
            least = min(done[-1], last - 1)
            (first, *_) = rpc.workouts.list(user.id, sort="created_at")["items"]
            assert first["duration_minutes"] >= least
            reads += 1
        return reads

    outcomes = all_fine(at_once(system, write, read, read, disturb))
    assert min(outcomes[1:3]) > 10
    assert user.get(workout["id"])["duration_minutes"] == last - 1


def test_what_is_kept_in_redis_is_named_after_workouts_and_ends(user, system):
    workout = user.create()
    user.get(workout["id"])
    user.list()

    address = system.environment["REDIS_HOST"], int(system.environment["REDIS_PORT"])
    with Redis(*address, decode_responses=True) as redis:
        kept = {key: redis.ttl(key) for key in redis.scan_iter(f"*:{user.id}:*", count=1000)}
    mine = [key for key in kept if not key.startswith("analytics:")]
    assert mine
    assert all(key.startswith("workout:") for key in mine)
    assert all(seconds > 0 for seconds in kept.values())


# The feed


def test_the_feed_tells_each_change(user):
    workout = user.create(date=ago(3))
    user.update(workout["id"], date=ago(1))
    user.update(workout["id"])
    user.delete(workout["id"])

    changes = user.feed(workout["id"])
    told = [(change["kind"], change["version"], change["date"]) for change in changes]
    assert told == [("created", 1, ago(3)), ("updated", 2, ago(1)), ("deleted", 2, ago(1))]
    for change in changes:
        assert change == {
            "id": change["id"],
            "workout_id": workout["id"],
            "user_id": user.id,
            "kind": change["kind"],
            "version": change["version"],
            "date": change["date"],
            "changed_at": change["changed_at"],
        }
        assert instant(change["changed_at"])
    ids = [change["id"] for change in changes]
    assert ids == sorted(ids)


def test_the_feed_goes_on_after_a_position(user):
    position = user.feed(user.create()["id"])[-1]["id"]
    mine = [user.create()["id"] for _ in range(3)]

    changes = user.rpc.workouts.changes
    first = changes(position, limit=2)
    assert [change["id"] > position for change in first] == [True, True]
    rest = follow(changes, first[-1]["id"])
    told = [change["workout_id"] for change in first + rest if change["user_id"] == user.id]
    assert told == mine
    assert changes(2**63 - 1) == []
    assert len(changes(0, 1)) == 1
    assert changes(after=str(position), limit="2") == first


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"after": -1}, ("after", "min")),
        ({"after": 2**63}, ("after", "max")),
        ({"after": "x"}, ("after", "type")),
        ({"limit": 0}, ("limit", "min")),
        ({"limit": 1001}, ("limit", "max")),
        ({"workout_id": 0}, ("workout_id", "min")),
    ],
)
def test_the_feed_is_read_within_limits(rpc, query, fault):
    with pytest.raises(InvalidParameter) as refusal:
        rpc.workouts.changes(**query)
    assert faults(refusal) == [fault]


def test_a_refused_write_is_not_in_the_feed(user):
    workout = user.create()
    position = user.feed(workout["id"])[-1]["id"]
    with pytest.raises(Conflict):
        user.update(workout["id"], name="x", version=9)
    with pytest.raises(BusinessRuleViolation):
        user.create(exercises=[lift(10**9)])

    after = follow(user.rpc.workouts.changes, position)
    assert [change for change in after if change["user_id"] == user.id] == []


def follow(changes, position):
    """Read a feed to its end."""
    found = []
    while page := changes(position, limit=1000):
        found += page
        position = page[-1]["id"]
    return found


def starting_with(known, changes):
    """Return the changes up to the last one that is known."""
    return [change for change in changes if change["id"] <= known[-1]["id"]]


@pytest.mark.slow
def test_a_reader_of_the_feed_misses_nothing_while_many_write(user, system):
    position = user.feed(user.create()["id"])[-1]["id"]
    writers = 6
    finished = []

    def write(number):
        chance = random.Random(number)

        def run(rpc):
            try:
                told = []
                for _ in range(12):
                    # of different sizes, so that who begins first does not commit first
                    sets = [one(5, 100)] * chance.choice([0, 1, 100])
                    given = body(ago(0), *[lift(BENCH, *sets)] * 5)
                    created = rpc.workouts.create(user.id + number % 3 * 10**10, given)["workout"]
                    told.append((created["id"], "created", 1))
                    if chance.random() < 0.5:
                        owner = created["user_id"]
                        rpc.workouts.update(owner, created["id"], {"name": "x"})
                        rpc.workouts.delete(owner, created["id"])
                        told += [(created["id"], "updated", 2), (created["id"], "deleted", 2)]
                return told
            finally:
                finished.append(number)

        return run

    def read(rpc):
        seen, after, over = [], position, False
        while not over:
            over = len(finished) == writers
            while page := rpc.workouts.changes(after, limit=7):
                seen += page
                after = page[-1]["id"]
        return seen

    *written, seen, also_seen = all_fine(
        at_once(system, *(write(number) for number in range(writers)), read, read)
    )
    told = [(change["workout_id"], change["kind"], change["version"]) for change in seen]
    assert {change for changes in written for change in changes} <= set(told)
    assert len(set(told)) == len(told)
    # nothing was slipped in behind the readers' backs
    assert seen == starting_with(seen, follow(user.rpc.workouts.changes, position))
    shorter, longer = sorted([seen, also_seen], key=len)
    assert shorter == starting_with(shorter, longer)
    instants = [change["changed_at"] for change in seen]
    assert instants == sorted(instants)


def test_a_slow_transaction_hides_no_change(user, system, engine):
    gone = user.create()
    user.delete(gone["id"])
    position = user.feed(gone["id"])[-1]["id"]

    with engine.begin() as slow:
        # a change like any other, and without a consequence, as the trigger writes it
        slow.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})
        slow.execute(
            text(
                "INSERT INTO workout_changes (kind, workout_id, user_id, version, date) "
                "VALUES ('deleted', :workout_id, :user_id, 1, current_date)"
            ),
            {"workout_id": gone["id"], "user_id": user.id},
        )

        def create(rpc):
            return rpc.workouts.create(user.id, {"date": ago(0)})["workout"]["id"]

        def read_and_let_go(rpc):
            time.sleep(0.5)
            early = rpc.workouts.changes(position)
            slow.commit()
            return early

        created, early = all_fine(at_once(system, create, read_and_let_go))

    after = early[-1]["id"] if early else position
    seen = early + follow(user.rpc.workouts.changes, after)
    mine = [change["workout_id"] for change in seen if change["user_id"] == user.id]
    assert mine == [gone["id"], created]


# Beside the running services: with a catalogue and failures as a test needs them


@pytest.fixture
def engine(system):
    address = Settings.from_environment(system.environment).databases["workouts"]
    engine = create_engine(address.url, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def workout_db(engine):
    """Run a statement in the database of the workouts service, and return what it returns."""

    def run(statement, **values):
        with engine.begin() as connection:
            answer = connection.execute(text(statement), values)
            return list(answer.scalars()) if answer.returns_rows else None

    return run


class NoCache:
    """A cache that keeps nothing."""

    def get_or_make(self, key, generation_key, seconds, make, variant=None):
        return make()

    def changing(self, *generation_keys):
        return nullcontext()


class Catalogue:
    """The exercises service, where some exercises have become inactive."""

    def __init__(self):
        self.inactive = set()
        self.down = False

    def get_many(self, exercise_ids):
        if self.down:
            raise ServiceUnavailable.of("exercises-service", 5)
        return [
            {
                "id": exercise_id,
                "name": f"Exercise {exercise_id}",
                "rep_type": SEED_REP_TYPES[exercise_id],
                "is_active": exercise_id not in self.inactive,
            }
            for exercise_id in exercise_ids
            if exercise_id in SEED_REP_TYPES
        ]


class NothingCached:
    """Asks each time."""

    def get_many(self, exercise_ids, ask):
        return ask(sorted(exercise_ids))


@pytest.fixture
def catalogue():
    return Catalogue()


@pytest.fixture
def workouts(engine, catalogue):
    """The workouts service in this process, on the running database."""
    database = Database("workouts")
    database.engine = engine
    return worker_factory(
        Workouts,
        database=database,
        cache=NoCache(),
        exercises=catalogue,
        exercise_cache=NothingCached(),
    )


def test_an_inactive_exercise_cannot_be_logged(workouts, catalogue, fresh_user):
    catalogue.inactive = {SQUAT}

    with pytest.raises(BusinessRuleViolation) as refusal:
        workouts.create(fresh_user, body(ago(0), lift(BENCH), lift(SQUAT)))
    assert refusal.value.details["exercise_ids"] == [SQUAT]


def test_an_exercise_that_became_inactive_may_stay_but_not_come_in(workouts, catalogue, fresh_user):
    logged = workouts.create(fresh_user, body(ago(0), lift(BENCH)))["workout"]
    catalogue.inactive = {BENCH, SQUAT}

    changes = {"exercises": [lift(BENCH, one(5, 100)), lift(PLANK)]}
    changed = workouts.update(fresh_user, logged["id"], changes)
    assert [item["exercise_id"] for item in changed["exercises"]] == [BENCH, PLANK]
    with pytest.raises(BusinessRuleViolation):
        workouts.update(fresh_user, logged["id"], {"exercises": [lift(SQUAT)]})
    # once taken out it can't come back
    workouts.update(fresh_user, logged["id"], {"exercises": []})
    with pytest.raises(BusinessRuleViolation):
        workouts.update(fresh_user, logged["id"], changes)


def test_nothing_is_kept_of_a_workout_whose_exercises_could_not_be_checked(
    workouts, catalogue, fresh_user
):
    catalogue.down = True

    with pytest.raises(ServiceUnavailable):
        workouts.create(fresh_user, body(ago(0), lift(BENCH)), "key")
    assert workouts.list(fresh_user)["total"] == 0
    catalogue.down = False
    assert workouts.create(fresh_user, body(ago(0), lift(BENCH)), "key")["replayed"] is False


@pytest.mark.slow
@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_a_workout_and_its_change_are_one_transaction(workouts, workout_db, fresh_user, action):
    before = workouts.create(fresh_user, {"date": ago(0), "name": "old"})["workout"]
    attempts = {
        "create": lambda: workouts.create(fresh_user, {"date": ago(0)}, "key"),
        "update": lambda: workouts.update(fresh_user, before["id"], {"name": "new"}),
        "delete": lambda: workouts.delete(fresh_user, before["id"]),
    }
    with feed_refuses(workout_db, fresh_user), pytest.raises((IntegrityError, DatabaseRefusal)):
        attempts[action]()

    assert workouts.list(fresh_user)["total"] == 1
    assert json.loads(dumps(workouts.get(before["id"], fresh_user))) == before
    assert len(workouts.changes(workout_id=before["id"])) == 1
    assert workouts.create(fresh_user, {"date": ago(0)}, "key")["replayed"] is False


@contextmanager
def feed_refuses(workout_db, user_id):
    """No change of this user can be written to the feed."""
    workout_db(
        f"ALTER TABLE workout_changes ADD CONSTRAINT refused CHECK (user_id <> {user_id}) NOT VALID"
    )
    try:
        yield
    finally:
        workout_db("ALTER TABLE workout_changes DROP CONSTRAINT refused")


def test_while_the_first_request_is_in_work_the_second_is_refused(
    workouts, fresh_user, user, monkeypatch
):
    given = {"date": ago(0)}
    refusals = []
    insert = writes.insert

    def insert_slowly(*arguments):
        for repeated in (given, {"date": ago(1)}):
            with pytest.raises(Conflict) as refusal:
                user.rpc.workouts.create(fresh_user, repeated, "key")
            refusals.append(refusal.value)
        return insert(*arguments)

    monkeypatch.setattr(writes, "insert", insert_slowly)
    first = workouts.create(fresh_user, given, "key")["workout"]

    assert len(refusals) == 2
    assert user.rpc.workouts.create(fresh_user, given, "key") == {
        "workout": first,
        "replayed": True,
    }


def test_whoever_loses_a_race_plans_anew(workouts, fresh_user, user, monkeypatch):
    logged = workouts.create(fresh_user, body(ago(0), lift(BENCH)))["workout"]
    update, lost = writes.update, []

    def lose_the_first(*arguments):
        if lost:
            return update(*arguments)
        lost.append(user.rpc.workouts.update(fresh_user, logged["id"], {"name": "first"}))
        # as if the statement had waited for that change
        return None

    monkeypatch.setattr(writes, "update", lose_the_first)
    changed = workouts.update(fresh_user, logged["id"], {"exercises": [lift(PLANK, one(60))]})
    assert (changed["version"], changed["name"]) == (3, "first")
    assert [item["exercise_id"] for item in changed["exercises"]] == [PLANK]

    lost.clear()
    with pytest.raises(Conflict) as refusal:
        workouts.update(fresh_user, logged["id"], {"name": "second", "version": 3})
    assert refusal.value.details == {"current_version": 4, "received": 3}


def test_keys_of_yesterday_are_cleaned_up(workouts, workout_db, fresh_user):
    workouts.create(fresh_user, {"date": ago(0)}, "old")
    workout_db(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE user_id = :id",
        id=fresh_user,
    )
    workouts.create(fresh_user, {"date": ago(0)}, "new")
    workouts.forget_old_keys()

    kept = workout_db("SELECT key FROM idempotency_keys WHERE user_id = :id", id=fresh_user)
    assert kept == ["new"]


def test_a_workout_that_was_logged_by_hand_reaches_analytics(system, fresh_user):
    with connected(system) as rpc:
        rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 100))))
        eventually(lambda: rpc.analytics.personal_records(fresh_user)["records"])
