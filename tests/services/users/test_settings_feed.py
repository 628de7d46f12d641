"""The feed of settings, from which analytics and clients keep copies."""

import uuid

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import Conflict, InvalidParameter
from services import migrate
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of, empty_database
from tests.waiting import eventually

PASSWORD = "correct horse battery"


@pytest.fixture
def engine(system):
    engine = create_engine(address_of(system, "users").url, poolclass=NullPool)
    yield engine
    engine.dispose()


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


def test_who_has_set_nothing_is_there_once(rpc):
    position = newest(rpc)
    user = register(rpc)["id"]
    [change] = follow(rpc, position)
    assert change == {
        "position": change["position"],
        "user_id": user,
        "time_zone": None,
        "weekly_goal": None,
        "weekly_sets_least": None,
        "weekly_sets_most": None,
    }
    rpc.users.update_profile(user, {"name": "Ada"})
    assert follow(rpc, change["position"]) == []


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


# What a user is told of their own


def settings_of(rpc, user):
    profile = rpc.users.get_profile(user)
    return {name: profile[name] for name in profile.keys() - rpc.users.get(user).keys()}


def test_a_new_user_has_settings_of_which_none_is_set(rpc):
    user = register(rpc)["id"]
    [change] = rpc.users.own_changes(user)
    assert change.pop("position") == rpc.users.own_position(user)["position"] > 0
    assert change == {
        "kind": "settings",
        "id": user,
        "op": "put",
        "version": 1,
        "data": settings_of(rpc, user),
    }
    assert {"time_zone", "weight_unit", "week_start", "locale"} <= change["data"].keys()


@pytest.mark.parametrize(
    "setting",
    [
        {"time_zone": "Pacific/Auckland"},
        {"weight_unit": "lb"},
        {"week_start": "sunday"},
        {"one_rep_max_formula": "brzycki"},
        {"weekly_goal": 4},
        {"weekly_sets_least": 5},
        {"weekly_sets_most": 50},
        {"locale": "pt-BR"},
    ],
)
def test_each_setting_is_told_when_it_changes(rpc, setting):
    user = register(rpc)["id"]
    position = rpc.users.own_position(user)["position"]
    rpc.users.update_profile(user, setting)
    [change] = rpc.users.own_changes(user, after=position)
    assert (change["version"], change["data"]) == (2, settings_of(rpc, user))
    assert change["data"] | setting == change["data"]
    # what stays as it was is not told, nor what is no setting
    rpc.users.update_profile(user, setting | {"name": "Ada"})
    assert rpc.users.own_changes(user, after=change["position"]) == []
    assert rpc.users.own_changes(user) == [change]


def test_others_are_not_told(rpc):
    user, other = register(rpc)["id"], register(rpc)["id"]
    position = rpc.users.own_position(user)["position"]
    rpc.users.update_profile(other, {"weekly_goal": 4})
    assert rpc.users.own_changes(user, after=position) == []
    assert rpc.users.own_position(user) == {"position": position}


def test_a_position_that_never_was_has_expired(rpc):
    user = register(rpc)["id"]
    position = rpc.users.own_position(user)["position"]
    with pytest.raises(Conflict, match="The cursor has expired: read the changes from 0"):
        rpc.users.own_changes(user, after=position + 1)


@pytest.mark.parametrize("query", [{"after": -1}, {"limit": 0}, {"limit": 101}])
def test_one_s_own_are_read_within_limits(rpc, query):
    with pytest.raises(InvalidParameter):
        rpc.users.own_changes(1, **query)


def test_whatever_writes_them_can_not_forget_it(rpc, engine):
    """The version before knows nothing of the feed, nor which settings will come."""
    user = register(rpc)["id"]
    position = rpc.users.own_position(user)["position"]
    update = text("UPDATE users SET locale = 'de', updated_at = now() WHERE id = :id")
    with engine.begin() as connection:
        connection.execute(update, {"id": user})
    [change] = rpc.users.own_changes(user, after=position)
    assert change["data"]["locale"] == "de"


def test_a_slow_transaction_hides_no_change(rpc, engine, system):
    """A position that is taken is waited for by whoever would get a higher one."""
    user = register(rpc)["id"]
    first = rpc.users.own_position(user)["position"]
    with engine.connect() as slow:
        slow.execute(text("UPDATE users SET locale = 'de' WHERE id = :id"), {"id": user})
        slow.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

        def write(rpc):
            return register(rpc)["id"]

        def read_and_let_go(rpc):
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            eventually(lambda: slow.execute(text(waiting)).scalar() > 0)
            early = rpc.users.settings_changes(first)
            slow.commit()
            return early

        other, early = all_fine(at_once(system, write, read_and_let_go))
    assert early == []
    assert [change["user_id"] for change in follow(rpc, first)] == [user, other]


def test_who_was_there_before_the_feed_is_in_it(system):
    with empty_database(address_of(system, "users")) as address:
        migrate.migrate("users", address)
        migrate.downgrade("users", address, "0008")
        engine = create_engine(address.url)
        insert = text("INSERT INTO users (email, password_hash, locale) VALUES (:id, '', :locale)")
        feed = text("SELECT user_id, version FROM settings_changes ORDER BY position")
        with engine.begin() as connection:
            for number, locale in enumerate(["de", None, "fr"]):
                connection.execute(insert, {"id": f"{number}", "locale": locale})
            connection.execute(text("UPDATE users SET weekly_goal = 3 WHERE id = 2"))
        with engine.begin() as connection:
            assert connection.execute(text("SELECT user_id FROM settings_changes")).all() == [(2,)]
        migrate.migrate("users", address)
        with engine.begin() as connection:
            assert connection.execute(feed).all() == [(2, 1), (1, 1), (3, 1)]
        engine.dispose()
