"""What users note of the catalogue's exercises for themselves, over RPC."""

import pytest
from sqlalchemy import create_engine, text

from schemas.errors import BusinessRuleViolation, NotFound, ValidationFailed
from services.exercises.private import own_details
from services.process.settings import Settings
from tests.services.clients import all_fine, at_once

BENCH, SQUAT = 1, 2
NOTED = {"primary_muscles": ["chest"], "secondary_muscles": [], "notes": "Pause on the chest"}


@pytest.fixture
def stranger(fresh_user):
    return fresh_user + 2**31


@pytest.fixture
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["exercises"].url)
    yield engine
    engine.dispose()


def mine(rpc, user_id, exercise_id=BENCH):
    return rpc.exercises.get(exercise_id, user_id=user_id)["mine"]


def test_they_are_shown_wherever_the_exercise_is(rpc, fresh_user):
    public = rpc.exercises.get(BENCH)
    assert public["mine"] is None
    noted = rpc.exercises.set_mine(fresh_user, BENCH, NOTED)
    assert noted == public | {"mine": NOTED}
    assert rpc.exercises.get(BENCH, user_id=fresh_user) == noted
    pages = [
        rpc.exercises.list(user_id=fresh_user, limit=100, muscles="chest"),
        rpc.exercises.list(user_id=fresh_user, search=public["name"]),
        rpc.exercises.search(public["name"], user_id=fresh_user),
    ]
    for page in pages:
        shown = {each["id"]: each["mine"] for each in page["items"]}
        assert shown.pop(BENCH) == NOTED
        assert set(shown.values()) <= {None}


def test_nobody_else_gets_them(rpc, fresh_user, stranger):
    name = rpc.exercises.get(BENCH)["name"]
    rpc.exercises.set_mine(fresh_user, BENCH, NOTED)
    rpc.exercises.create(stranger, {"name": "Gorilla Row", "measure": "weight_reps"})
    for user in ({}, {"user_id": stranger}):
        assert rpc.exercises.get(BENCH, **user)["mine"] is None
        for page in (
            rpc.exercises.list(limit=100, muscles="chest", **user),
            rpc.exercises.search(name, **user),
        ):
            assert {each["mine"] for each in page["items"]} == {None}
    assert rpc.exercises.get_many([BENCH])[0]["mine"] is None
    rpc.exercises.set_mine(stranger, BENCH, {"notes": "Theirs"})
    assert mine(rpc, fresh_user) == NOTED
    assert mine(rpc, stranger)["notes"] == "Theirs"


def test_a_field_that_is_given_replaces_what_it_was(rpc, fresh_user):
    rpc.exercises.set_mine(fresh_user, BENCH, NOTED)
    changes = {"secondary_muscles": ["Triceps", "triceps ", "lats"], "notes": "  "}
    changed = rpc.exercises.set_mine(fresh_user, BENCH, changes)
    expected = {
        "primary_muscles": ["chest"],
        "secondary_muscles": ["triceps", "lats"],
        "notes": None,
    }
    assert changed["mine"] == mine(rpc, fresh_user) == expected
    assert rpc.exercises.set_mine(fresh_user, BENCH, {})["mine"] == expected


def test_null_clears_and_of_nothing_is_nothing_left(rpc, fresh_user):
    rpc.exercises.set_mine(fresh_user, BENCH, NOTED)
    changed = rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": None})
    assert changed["mine"] == NOTED | {"primary_muscles": None}
    for _ in range(2):
        cleared = dict.fromkeys(NOTED)
        assert rpc.exercises.set_mine(fresh_user, BENCH, cleared)["mine"] is None
        assert mine(rpc, fresh_user) is None
    assert rpc.exercises.owns(fresh_user) is False


def test_whoever_has_noted_something_sees_more_than_others(rpc, fresh_user, stranger):
    assert rpc.exercises.owns(fresh_user) is False
    rpc.exercises.set_mine(fresh_user, BENCH, {})
    assert rpc.exercises.owns(fresh_user) is False
    rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": []})
    assert rpc.exercises.owns(fresh_user) is True
    assert rpc.exercises.owns(stranger) is False


def test_filters_facets_and_searches_go_by_the_catalogue(rpc, fresh_user):
    facets = rpc.exercises.facets()
    lats = rpc.exercises.list(muscles="lats")["total"]
    noted = {"primary_muscles": ["lats", "gills"], "notes": "Xylophone"}
    rpc.exercises.set_mine(fresh_user, BENCH, noted)
    assert rpc.exercises.facets(user_id=fresh_user) == facets
    assert rpc.exercises.list(user_id=fresh_user, muscles="lats")["total"] == lats
    assert rpc.exercises.list(user_id=fresh_user, muscles="gills")["total"] == 0
    assert rpc.exercises.search("xylophone", user_id=fresh_user)["total"] == 0
    assert rpc.exercises.list(user_id=fresh_user, mine="true")["total"] == 0


def test_an_exercise_of_one_s_own_is_changed_itself(rpc, fresh_user, stranger):
    made = rpc.exercises.create(fresh_user, {"name": "Gorilla Row", "measure": "weight_reps"})
    assert made["mine"] is None
    with pytest.raises(BusinessRuleViolation, match="change the exercise itself") as refused:
        rpc.exercises.set_mine(fresh_user, made["id"], NOTED)
    assert refused.value.details == {"constraint": "not_own"}
    for exercise_id in (made["id"], made["id"] + 10**6):
        with pytest.raises(NotFound):
            rpc.exercises.set_mine(stranger, exercise_id, NOTED)


def test_all_faults_are_told_at_once(rpc, fresh_user):
    bad = {
        "primary_muscles": ["a,b", 5],
        "secondary_muscles": ["x"] * 21,
        "notes": "x" * 5001,
        "name": "Mine",
    }
    with pytest.raises(ValidationFailed) as refused:
        rpc.exercises.set_mine(fresh_user, BENCH, bad)
    told = {(fault["field"], fault["details"]["constraint"]) for fault in refused.value.faults}
    assert told == {
        ("primary_muscles[0]", "characters"),
        ("primary_muscles[1]", "type"),
        ("secondary_muscles", "max_items"),
        ("notes", "max_length"),
        ("name", "unknown_field"),
    }
    assert mine(rpc, fresh_user) is None


def fill(engine, user_id, count):
    statement = """
        INSERT INTO own_details (owner_id, exercise_id, notes)
        SELECT :owner, 1000000 + number, 'x' FROM generate_series(1, :count) AS number
    """
    with engine.begin() as connection:
        connection.execute(text(statement), {"owner": user_id, "count": count})


def test_there_is_an_end_to_them_also_at_the_same_moment(system, rpc, fresh_user, engine):
    fill(engine, fresh_user, own_details.MOST - 1)
    outcomes = at_once(
        system,
        *[
            lambda rpc, number=number: rpc.exercises.set_mine(fresh_user, number, {"notes": "x"})
            for number in range(1, 5)
        ],
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BusinessRuleViolation)]
    assert [each.details for each in refused] == [
        {"constraint": "max_items", "max_items": 2000, "received": 2001}
    ] * 3
    (noted,) = all_fine([each for each in outcomes if each not in refused])
    # what is there can be changed, and taken away
    assert rpc.exercises.set_mine(fresh_user, noted["id"], {"notes": "y"})["mine"]["notes"] == "y"
    rpc.exercises.set_mine(fresh_user, noted["id"], {"notes": None})
    assert rpc.exercises.set_mine(fresh_user, SQUAT, {"notes": "x"})["mine"]["notes"] == "x"


def test_fields_that_are_changed_at_the_same_moment_are_all_kept(system, rpc, fresh_user):
    for changes in (NOTED, dict.fromkeys(NOTED)):
        all_fine(
            at_once(
                system,
                *[
                    lambda rpc, field=field, value=value: rpc.exercises.set_mine(
                        fresh_user, BENCH, {field: value}
                    )
                    for field, value in changes.items()
                ],
            )
        )
        assert mine(rpc, fresh_user) == (NOTED if changes is NOTED else None)
