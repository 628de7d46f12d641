"""What clients that keep a copy of workouts are told of them, over RPC."""

from functools import partial

import pytest

from schemas.errors import Conflict, InvalidParameter
from tests.services.following import follow
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.test_workouts import User

BENCH = 1


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


@pytest.fixture
def other(rpc, fresh_user):
    return User(rpc, fresh_user + 10**9)


def changes_of(user, **options):
    return user.rpc.workouts.own_changes(user.id, **options)


def copy_of(user, **options):
    copy, position = follow(partial(changes_of, user), **options)
    return {thing_id: change for (_, thing_id), change in copy.items()}, position


def test_nothing_has_changed_of_who_has_nothing(user):
    assert changes_of(user) == []


def test_a_new_workout_as_it_is(user):
    workout = user.create(body(ago(0), lift(BENCH, one(5, 100))))
    [change] = changes_of(user)
    assert change.pop("position") > 0
    assert change == {
        "kind": "workout",
        "id": workout["id"],
        "op": "put",
        "version": 1,
        "data": user.rpc.workouts.get(workout["id"], user_id=user.id),
    }


def test_each_workout_is_there_once_with_its_latest_change(user):
    first, second = user.create(body(ago(1))), user.create(body(ago(0)))
    user.rpc.workouts.update(user.id, first["id"], {"name": "Push"})
    user.rpc.workouts.update(user.id, first["id"], {"name": "Pull"})

    found = changes_of(user)
    assert [(change["id"], change["version"]) for change in found] == [
        (second["id"], 1),
        (first["id"], 3),
    ]
    assert found[1]["data"]["name"] == "Pull"


def test_a_deleted_workout_leaves_a_deletion(user):
    workout = user.create(body(ago(0), lift(BENCH, one(5))))
    [seen] = changes_of(user)
    user.delete(workout["id"])
    [change] = changes_of(user, after=seen["position"])
    assert (change["id"], change["op"], change["data"]) == (workout["id"], "delete", None)
    assert change["version"] == workout["version"]
    assert [change] == changes_of(user)


def test_a_copy_goes_on_where_it_was(user):
    workouts = [user.create(body(ago(day))) for day in range(5)]
    copy, position = copy_of(user, limit=2)
    assert list(copy) == [workout["id"] for workout in workouts]
    assert changes_of(user, after=position) == []

    user.rpc.workouts.update(user.id, workouts[0]["id"], {"name": "Legs"})
    user.delete(workouts[1]["id"])
    assert [change["id"] for change in changes_of(user, after=position)] == [
        workouts[0]["id"],
        workouts[1]["id"],
    ]


def test_large_workouts_come_in_smaller_parts(user):
    sets = [one(1, 100) for _ in range(100)]
    workouts = [user.create(body(ago(0), *(lift(BENCH, *sets) for _ in range(3)))) for _ in "abc"]
    assert len(changes_of(user)) == 2
    copy, _ = copy_of(user)
    assert list(copy) == [workout["id"] for workout in workouts]


def test_others_change_nothing_here(user, other):
    other.create(body(ago(0)))
    assert changes_of(user) == []


def test_a_position_that_never_was_has_expired(user, other):
    user.create(body(ago(0)))
    [change] = changes_of(user)
    other.create(body(ago(0)))
    # of a backup that was restored
    with pytest.raises(Conflict, match="The cursor has expired: read the changes from 0"):
        changes_of(user, after=change["position"] + 1)


@pytest.mark.parametrize("options", [{"after": -1}, {"limit": 0}, {"limit": 101}, {"after": "x"}])
def test_bad_positions(user, options):
    with pytest.raises(InvalidParameter):
        changes_of(user, **options)
