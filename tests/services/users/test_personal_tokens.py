"""Personal access tokens, over RPC."""

import hashlib
import re
import uuid

import pytest

from schemas.errors import (
    BusinessRuleViolation,
    InvalidParameter,
    NotFound,
    Unauthorized,
    ValidationFailed,
)
from schemas.scopes import SCOPES
from tests.users_database import query

PASSWORD = "correct horse battery staple"
BACKUP = {"name": "Backup at home", "scopes": ["exports:read", "workouts:read"]}
FAR = "2999-12-31T23:00:00+01:00"


@pytest.fixture
def ada(rpc):
    email = f"{uuid.uuid4().hex}@example.com"
    return rpc.users.register({"email": email, "password": PASSWORD})["id"]


def make(rpc, ada, **fields):
    return rpc.users.create_personal_token(ada, BACKUP | fields)


def check(rpc, made):
    digest = hashlib.sha256(made["token"].encode()).hexdigest()
    return rpc.users.check_personal_token(digest)


def test_a_new_one_is_shown_with_its_secret(rpc, ada):
    made = make(rpc, ada, name=" Backup at home ", expires_at=FAR)

    assert re.fullmatch("gym_[A-Za-z0-9_-]{43}", made["token"])
    assert (made["name"], made["scopes"]) == (BACKUP["name"], BACKUP["scopes"])
    assert made["expires_at"] == "2999-12-31T22:00:00.000000Z"
    assert made["last_used_at"] is None
    assert made["created_at"].endswith("Z")
    assert make(rpc, ada)["expires_at"] is None


def test_the_list_has_no_secrets(rpc, ada):
    made = [make(rpc, ada, name=name) for name in ("first", "second")]

    assert rpc.users.list_personal_tokens(ada) == [
        {name: value for name, value in token.items() if name != "token"} for token in made
    ]


def test_the_database_has_its_hash(rpc, system, ada):
    made = make(rpc, ada)

    [(kept, everything)] = query(
        system, "SELECT token_hash, t::text FROM personal_tokens t WHERE user_id = %s", ada
    )
    assert bytes(kept) == hashlib.sha256(made["token"].encode()).digest()
    assert made["token"] not in everything
    assert made["token"].removeprefix("gym_") not in everything


def test_it_is_good_for_its_scopes(rpc, ada):
    found = check(rpc, make(rpc, ada))

    assert (found["user_id"], set(found["scopes"])) == (ada, set(BACKUP["scopes"]))
    assert rpc.users.list_personal_tokens(ada)[0]["last_used_at"]


def test_a_deleted_one_is_good_for_nothing(rpc, ada):
    made, other = make(rpc, ada), make(rpc, ada)

    assert rpc.users.delete_personal_token(ada, made["id"]) == {"id": made["id"], "deleted": True}

    with pytest.raises(Unauthorized):
        check(rpc, made)
    assert check(rpc, other)
    with pytest.raises(NotFound):
        rpc.users.delete_personal_token(ada, made["id"])


def test_others_tokens_look_as_missing_ones_do(rpc, ada):
    email = f"{uuid.uuid4().hex}@example.com"
    eve = rpc.users.register({"email": email, "password": PASSWORD})["id"]
    made = make(rpc, ada)
    told = []
    for token_id in (made["id"], 2**63 - 1):
        with pytest.raises(NotFound) as refusal:
            rpc.users.delete_personal_token(eve, token_id)
        told.append(refusal.value.message)

    assert told[0] == told[1]
    assert rpc.users.list_personal_tokens(eve) == []
    assert check(rpc, made)


def test_every_scope_can_be_had_and_each_once(rpc, ada):
    assert make(rpc, ada, scopes=list(SCOPES))["scopes"] == list(SCOPES)
    assert make(rpc, ada, scopes=["stats:read"] * 3)["scopes"] == ["stats:read"]


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"name": None}, {"name": "required"}),
        ({"name": "  "}, {"name": "min_length"}),
        ({"name": "x" * 101}, {"name": "max_length"}),
        ({"scopes": None}, {"scopes": "required"}),
        ({"scopes": []}, {"scopes": "required"}),
        ({"scopes": "workouts:read"}, {"scopes": "type"}),
        ({"scopes": ["stats:read"] * 9}, {"scopes": "max_items"}),
        (
            {"scopes": ["workouts:read", "workouts:delete", 7]},
            {"scopes[1]": "one_of", "scopes[2]": "type"},
        ),
        ({"expires_at": "tomorrow"}, {"expires_at": "date_time"}),
        ({"expires_at": "2999-12-31T23:00:00"}, {"expires_at": "date_time"}),
        ({"token": "gym_mine", "id": 1}, {"token": "unknown_field", "id": "unknown_field"}),
    ],
)
def test_what_makes_no_token(rpc, ada, fields, faults):
    with pytest.raises(ValidationFailed) as refusal:
        make(rpc, ada, **fields)

    found = {fault["field"]: fault["details"]["constraint"] for fault in refusal.value.faults}
    assert found == faults
    assert rpc.users.list_personal_tokens(ada) == []


def test_it_can_not_have_expired_already(rpc, ada):
    with pytest.raises(BusinessRuleViolation) as refusal:
        make(rpc, ada, expires_at="2025-02-16T18:30:00+01:00")

    assert refusal.value.field == "expires_at"
    assert refusal.value.details["constraint"] == "min"


def test_a_user_has_fifty_and_expired_ones_do_not_count(rpc, system, ada):
    query(
        system,
        "INSERT INTO personal_tokens (user_id, name, token_hash, scopes)"
        " SELECT %s, 'another', sha256(convert_to(%s || n, 'UTF8')), '{stats:read}'"
        " FROM generate_series(1, 49) n",
        ada,
        uuid.uuid4().hex,
    )
    replies = [rpc.users.create_personal_token.call_async(ada, BACKUP) for _ in range(4)]
    outcomes = []
    for reply in replies:
        try:
            outcomes.append(reply.result()["name"])
        except BusinessRuleViolation as refusal:
            outcomes.append(refusal.details)

    refused = {"constraint": "max_items", "max_items": 50, "received": 51}
    assert sorted(outcomes, key=str) == sorted([BACKUP["name"], *[refused] * 3], key=str)
    query(
        system,
        "UPDATE personal_tokens SET expires_at = now() - interval '1 day'"
        " WHERE user_id = %s AND name = 'another'",
        ada,
    )
    make(rpc, ada)
    assert len(rpc.users.list_personal_tokens(ada)) == 2


def test_nobody(rpc):
    with pytest.raises(NotFound):
        make(rpc, 2**63 - 1)
    with pytest.raises(InvalidParameter):
        make(rpc, 0)
    assert rpc.users.list_personal_tokens(2**63 - 1) == []
