"""The feed of settings, from which analytics keep a copy."""

import uuid

import pytest

from schemas.errors import InvalidParameter

PASSWORD = "correct horse battery"


def register(rpc):
    return rpc.users.register({"email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD})


def follow(rpc, position):
    seen = []
    while page := rpc.users.settings_changes(position, limit=1000):
        seen += page
        position = page[-1]["position"]
    return seen


def newest(rpc):
    return max([change["position"] for change in follow(rpc, 0)], default=0)


def test_who_has_set_nothing_is_not_there(rpc):
    position = newest(rpc)
    user = register(rpc)
    rpc.users.update_profile(user["id"], {"name": "Ada", "weight_unit": "lb"})
    assert follow(rpc, position) == []


def test_a_change_comes_once_with_the_settings_of_now(rpc):
    first, second = register(rpc)["id"], register(rpc)["id"]
    position = newest(rpc)
    rpc.users.update_profile(first, {"time_zone": "Pacific/Auckland"})
    rpc.users.update_profile(second, {"weekly_goal": 4, "weekly_sets_least": 6})
    rpc.users.update_profile(first, {"weekly_sets_most": 30})
    assert [{**change, "position": 0} for change in follow(rpc, position)] == [
        {
            "position": 0,
            "user_id": second,
            "time_zone": None,
            "weekly_goal": 4,
            "weekly_sets_least": 6,
            "weekly_sets_most": None,
        },
        {
            "position": 0,
            "user_id": first,
            "time_zone": "Pacific/Auckland",
            "weekly_goal": None,
            "weekly_sets_least": None,
            "weekly_sets_most": 30,
        },
    ]


def test_what_is_cleared_comes_again_and_what_stays_does_not(rpc):
    user = register(rpc)["id"]
    rpc.users.update_profile(user, {"weekly_goal": 4})
    position = newest(rpc)
    rpc.users.update_profile(user, {"weekly_goal": 4, "name": "Ada"})
    assert follow(rpc, position) == []
    rpc.users.update_profile(user, {"weekly_goal": None})
    assert [change["weekly_goal"] for change in follow(rpc, position)] == [None]


def test_who_was_deleted_is_not_there(rpc):
    user = register(rpc)["id"]
    position = newest(rpc)
    rpc.users.update_profile(user, {"weekly_goal": 4})
    rpc.users.delete_account(user, {"password": PASSWORD})
    assert follow(rpc, position) == []


@pytest.mark.parametrize("query", [{"after": -1}, {"limit": 0}, {"limit": 1001}])
def test_it_is_read_within_limits(rpc, query):
    with pytest.raises(InvalidParameter):
        rpc.users.settings_changes(**query)
