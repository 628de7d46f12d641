"""Profiles, over RPC."""

import uuid
from hashlib import sha256

import pytest

from schemas.errors import InvalidParameter, NotFound, ValidationFailed
from schemas.profiles import SETTINGS_OF_NUMBERS

PASSWORD = "correct horse battery staple"
SETTINGS = {
    "time_zone": "Europe/Berlin",
    "weight_unit": "lb",
    "week_start": "sunday",
    "one_rep_max_formula": "brzycki",
    "weekly_goal": 3,
    "weekly_sets_least": 8,
    "weekly_sets_most": 16,
    "locale": "pt-BR",
    "weekly_summary_mail": True,
}
NOTHING = dict.fromkeys(SETTINGS) | {"weekly_summary_mail": False}


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
        ("weekly_sets_least", 0, "min"),
        ("weekly_sets_most", 101, "max"),
        ("locale", "pt_BR", "locale"),
        ("weekly_summary_mail", "yes", "type"),
        ("weekly_summary_mail", None, "required"),
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


def test_weekly_sets_are_at_least_what_they_are_at_most_or_less(rpc, ada):
    def refused(**changes):
        with pytest.raises(ValidationFailed) as refusal:
            rpc.users.update_profile(ada["id"], changes)
        (wrong,) = refusal.value.faults
        return wrong["field"], wrong["details"]

    def limit(constraint, value, received):
        return {"constraint": constraint, f"{constraint}_value": value, "received": received}

    # 10 to 20 is what holds while nothing is set
    assert refused(weekly_sets_least=21) == ("weekly_sets_least", limit("max", 20, 21))
    assert refused(weekly_sets_most=9) == ("weekly_sets_most", limit("min", 10, 9))
    assert refused(weekly_sets_least=6, weekly_sets_most=5)[0] == "weekly_sets_least"
    rpc.users.update_profile(ada["id"], {"weekly_sets_least": 25, "weekly_sets_most": 25})
    assert refused(weekly_sets_least=26) == ("weekly_sets_least", limit("max", 25, 26))
    assert refused(weekly_sets_most=None) == ("weekly_sets_most", limit("min", 25, None))
    assert refused(weekly_sets_most=24, weekly_goal=3)[0] == "weekly_sets_most"

    profile = rpc.users.get_profile(ada["id"])
    assert profile == ada | NOTHING | {"weekly_sets_least": 25, "weekly_sets_most": 25}
    cleared = dict.fromkeys(["weekly_sets_least", "weekly_sets_most"])
    assert rpc.users.update_profile(ada["id"], cleared) == ada | NOTHING


def test_settings_of_numbers_are_known_to_whoever_checks_a_token(rpc, system, ada):
    rpc.users.update_profile(ada["id"], SETTINGS)
    settings = {name: SETTINGS[name] for name in SETTINGS_OF_NUMBERS}
    made = rpc.users.create_personal_token(ada["id"], {"name": "x", "scopes": ["stats:read"]})
    digest = sha256(made["token"].encode()).hexdigest()

    checked = rpc.users.check_token(ada["id"], "any token without a session", 2**31)
    personal = rpc.users.check_personal_token(digest)

    assert checked == {"role": "user", **settings}
    assert personal.items() >= settings.items()
    assert personal["scopes"] == ["stats:read"]
