"""The feed of names and measures of exercises, from which other services keep their copies."""

import threading

import pytest
from sqlalchemy import text

from schemas.errors import InvalidParameter
from tests.services.catalogue_changes import OwnExercises
from tests.services.clients import connected

FEED_LOCK = 7_306_004


@pytest.fixture
def own(system):
    with OwnExercises(system) as own:
        yield own


def newest(rpc):
    return follow(rpc, 0)[-1]["position"]


def follow(rpc, position):
    seen = []
    while page := rpc.exercises.changes(position, limit=1000):
        seen += page
        position = page[-1]["position"]
    return seen


def told(rpc, position):
    return [(one["exercise_id"], one["name"], one["rep_type"]) for one in follow(rpc, position)]


def test_it_has_every_exercise_once(rpc, own):
    exercise_id = own.add("Zercher Carry", "distance")
    feed = follow(rpc, 0)

    ids = [one["exercise_id"] for one in feed]
    assert len(ids) == len(set(ids))
    assert {1, 2, 3, 4, 5, 6, exercise_id} <= set(ids)
    assert feed[-1] == {
        "position": feed[-1]["position"],
        "exercise_id": exercise_id,
        "name": "Zercher Carry",
        "rep_type": "distance",
        "measure": "distance_duration",
        "primary_muscles": [],
        "secondary_muscles": [],
    }
    assert [one["position"] for one in feed] == sorted(one["position"] for one in feed)


def test_what_changes_its_name_or_kind_comes_again(rpc, own):
    first, second = own.add("First"), own.add("Second")
    position = newest(rpc)

    own.change(first, name="Renamed")
    own.change(second, rep_type="time")
    own.change(second, rep_type="time", description="Do it.", is_active=False)
    assert told(rpc, position) == [(first, "Renamed", "count"), (second, "Second", "time")]

    own.change(first, name="Renamed Again")
    assert told(rpc, position) == [(second, "Second", "time"), (first, "Renamed Again", "count")]


def measures(rpc, position):
    return [(one["exercise_id"], one["measure"]) for one in follow(rpc, position)]


def test_a_change_of_its_measure_comes_again(rpc, own):
    exercise_id = own.add("Plate Hold", "time")
    position = newest(rpc)
    own.change(exercise_id, measure="weight_duration")
    assert measures(rpc, position) == [(exercise_id, "weight_duration")]
    assert rpc.exercises.get(exercise_id)["measure"] == "weight_duration"


def muscles(rpc, position):
    return [
        (one["exercise_id"], one["primary_muscles"], one["secondary_muscles"])
        for one in follow(rpc, position)
    ]


def test_a_change_of_its_muscles_comes_again(rpc, own):
    first, second = own.add("Jefferson Curl"), own.add("Zottman Curl")
    position = newest(rpc)
    own.change(second, primary_muscles='["biceps"]')
    own.change(first, secondary_muscles='["lower_back"]')
    own.change(second, name="Zottman Curls", primary_muscles='["biceps", "forearms"]')
    expected = [(first, [], ["lower_back"]), (second, ["biceps", "forearms"], [])]
    assert muscles(rpc, position) == expected
    position = newest(rpc)
    own.change(second, primary_muscles='["biceps", "forearms"]', description="Turn them.")
    assert muscles(rpc, position) == []


def test_a_change_of_the_muscles_of_a_private_one_comes_again(rpc, fresh_user):
    made = rpc.exercises.create(
        fresh_user,
        {"name": "Gorilla Row", "measure": "weight_reps", "primary_muscles": ["lats"]},
    )
    assert muscles(rpc, newest(rpc) - 1) == [(made["id"], ["lats"], [])]
    position = newest(rpc)
    changes = {"primary_muscles": ["middle back"], "secondary_muscles": ["biceps"]}
    rpc.exercises.update(fresh_user, made["id"], changes)
    (change,) = follow(rpc, position)
    assert muscles(rpc, position) == [(made["id"], ["middle back"], ["biceps"])]
    assert change["owner_id"] == fresh_user
    rpc.exercises.update(fresh_user, made["id"], changes | {"notes": "Both at once"})
    assert follow(rpc, change["position"]) == []


def test_the_version_before_leaves_no_measure_of_something_else(rpc, own):
    """It writes what is counted and does not know that there is a measure."""
    exercise_id = own.add("Plate Walk")
    own.change(exercise_id, measure="bodyweight_reps")
    position = newest(rpc)
    own.change(exercise_id, rep_type="distance")
    assert measures(rpc, position) == [(exercise_id, "distance_duration")]

    own.change(exercise_id, rep_type="time", measure="weight_duration")
    own.change(exercise_id, description="Hold it.", rep_type="time")
    assert measures(rpc, position) == [(exercise_id, "weight_duration")]


def test_what_is_gone_when_its_change_is_noted_is_left_out(rpc, own):
    position = newest(rpc)
    exercise_id = own.add("Short-Lived")
    with own.engine.begin() as connection:
        values = {"id": exercise_id}
        connection.execute(text("UPDATE exercises SET name = 'x' WHERE id = :id"), values)
        connection.execute(text("DELETE FROM exercises WHERE id = :id"), values)
    assert told(rpc, position) == []


def test_whoever_commits_first_comes_first(system, rpc, own):
    """No reader that has seen a change misses one that was made before it and committed later."""
    early, late = own.add("Early"), own.add("Late")
    position = newest(rpc)
    with own.engine.begin() as slow:
        slow.execute(text("UPDATE exercises SET name = 'Slow' WHERE id = :id"), {"id": early})
        own.change(late, name="Quick")
        assert told(rpc, position) == [(late, "Quick", "count")]
    assert told(rpc, position) == [(late, "Quick", "count"), (early, "Slow", "count")]

    with own.engine.begin() as slow:
        slow.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})
        waiting = threading.Thread(target=own.change, args=(late,), kwargs={"name": "Waits"})
        waiting.start()
        slow.execute(
            text("UPDATE exercise_changes SET position = DEFAULT WHERE exercise_id = :id"),
            {"id": early},
        )
        with connected(system) as another:
            assert told(another, position)[-1] == (early, "Slow", "count")
    waiting.join(10)
    assert told(rpc, position) == [(early, "Slow", "count"), (late, "Waits", "count")]


@pytest.mark.parametrize("query", [{"after": -1}, {"limit": 0}, {"limit": 1001}, {"after": "x"}])
def test_a_place_that_there_can_not_be_is_refused(rpc, query):
    with pytest.raises(InvalidParameter):
        rpc.exercises.changes(**query)
