"""Profiles, over RPC."""

import uuid

import pytest

from schemas.errors import InvalidParameter, NotFound, ValidationFailed

PASSWORD = "correct horse battery staple"
SETTINGS = {
    "time_zone": "Europe/Berlin",
    "weight_unit": "lb",
    "week_start": "sunday",
    "one_rep_max_formula": "brzycki",
    "weekly_goal": 3,
    "locale": "pt-BR",
}
NOTHING = dict.fromkeys(SETTINGS)


@pytest.fixture
def ada(rpc):
    email = f"{uuid.uuid4().hex}@example.com"
    user = rpc.users.register({"email": email, "password": PASSWORD, "name": "Ada"})
    return rpc.users.get(user["id"])


def test_at_first_nothing_is_set(rpc, ada):
    assert rpc.users.get_profile(ada["id"]) == ada | NOTHING


def test_what_is_given_is_set(rpc, ada):
    changed = rpc.users.update_profile(ada["id"], SETTINGS | {"name": " Ada L. "})

    assert changed == ada | SETTINGS | {"name": "Ada L."}
    assert rpc.users.get_profile(ada["id"]) == changed
    assert rpc.users.get(ada["id"]) == ada | {"name": "Ada L."}


def test_what_is_left_out_stays_and_null_clears(rpc, ada):
    rpc.users.update_profile(ada["id"], SETTINGS)

    changed = rpc.users.update_profile(ada["id"], {"weekly_goal": None, "locale": "", "name": None})

    assert changed == ada | SETTINGS | {"weekly_goal": None, "locale": None, "name": None}
    assert rpc.users.update_profile(ada["id"], {}) == changed


@pytest.mark.parametrize(
    ("field", "value", "constraint"),
    [
        ("name", "x" * 101, "max_length"),
        ("time_zone", "Berlin", "one_of"),
        ("time_zone", 1, "type"),
        ("weight_unit", "stone", "one_of"),
        ("week_start", "friday", "one_of"),
        ("one_rep_max_formula", "wathan", "one_of"),
        ("weekly_goal", 0, "min"),
        ("weekly_goal", 22, "max"),
        ("weekly_goal", 2.5, "type"),
        ("weekly_goal", "3", "type"),
        ("locale", "pt_BR", "locale"),
        ("email", "x@example.com", "unknown_field"),
        ("role", "admin", "unknown_field"),
        ("disabled_at", None, "unknown_field"),
    ],
)
def test_what_can_not_be_set(rpc, ada, field, value, constraint):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.update_profile(ada["id"], {field: value, "weekly_goals": 1})

    faults = {fault["field"]: fault["details"]["constraint"] for fault in refusal.value.faults}
    assert faults == {field: constraint, "weekly_goals": "unknown_field"}
    assert rpc.users.get_profile(ada["id"]) == ada | NOTHING


def test_changes_at_the_same_moment_are_all_kept(rpc, ada):
    replies = [
        rpc.users.update_profile.call_async(ada["id"], {name: value})
        for name, value in SETTINGS.items()
    ]
    for reply in replies:
        reply.result()

    assert rpc.users.get_profile(ada["id"]) == ada | SETTINGS


def test_nobody(rpc):
    with pytest.raises(NotFound):
        rpc.users.get_profile(2**63 - 1)
    with pytest.raises(NotFound):
        rpc.users.update_profile(2**63 - 1, {"weekly_goal": 3})
    with pytest.raises(InvalidParameter):
        rpc.users.get_profile(0)


def test_a_changed_formula_is_known_to_whoever_checks_a_token(rpc, system, ada):
    token = "any token without a session"
    rpc.users.update_profile(ada["id"], {"one_rep_max_formula": "lombardi"})

    found = rpc.users.check_token(ada["id"], token, 2**31)

    assert found["one_rep_max_formula"] == "lombardi"
