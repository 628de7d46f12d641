"""What administrators and operators do with accounts, over RPC."""

import uuid

import pytest

from schemas.errors import (
    BusinessRuleViolation,
    InvalidParameter,
    NotFound,
    Unauthorized,
    ValidationFailed,
)
from tests.users_database import query
from tests.waiting import eventually

PASSWORD = "correct horse battery staple"


def new_email():
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def register(rpc):
    def register(name=None, email=None):
        body = {"email": email or new_email(), "password": PASSWORD, "name": name}
        return rpc.users.register(body)

    return register


@pytest.fixture
def ada(register):
    return register("Ada")


@pytest.fixture
def alone(system, rpc, register):
    """The only administrator who can sign in; the others are theirs again afterwards."""
    others = query(system, "UPDATE users SET role = 'user' WHERE role = 'admin' RETURNING id")
    only = register("Boss")
    rpc.users.make_administrator(only["email"])
    yield only
    query(system, "UPDATE users SET role = 'admin' WHERE id = ANY(%s)", [id_ for (id_,) in others])


def is_refused(rpc, account):
    with pytest.raises(Unauthorized):
        rpc.users.refresh({"refresh_token": account["refresh_token"]})
    with pytest.raises(Unauthorized, match="Wrong e-mail or password"):
        rpc.users.login({"email": account["email"], "password": PASSWORD})
    return True


# The account of ADMIN_EMAIL


@pytest.fixture
def start_with(system):
    """Start one more process with an ``ADMIN_EMAIL``; return what it says of that."""

    def start(account):
        settings = {"ADMIN_EMAIL": account["email"], "ADMIN_PASSWORD": PASSWORD}
        log = system.log("with-administrator")
        system.start_another("users", "with-administrator", settings)
        try:
            return eventually(
                lambda: next(
                    (line for line in log.read_text().splitlines() if "made administrator" in line),
                    None,
                )
            )
        finally:
            system.stop("with-administrator")
            log.unlink()

    return start


@pytest.mark.slow
def test_a_role_that_was_taken_is_not_given_back_at_a_start(rpc, alone, register, start_with):
    boss = register("Former boss")
    for role in ("admin", "user"):
        rpc.users.update_account(boss["id"], {"role": role})
    assert "not made administrator" in start_with(boss)
    assert rpc.users.get(boss["id"])["role"] == "user"


@pytest.mark.slow
def test_without_any_administrator_it_is_given(system, rpc, alone, register, start_with):
    boss = register("Boss to be")
    query(system, "UPDATE users SET role = 'user' WHERE id = %s", alone["id"])
    assert "not made" not in start_with(boss)
    assert rpc.users.get(boss["id"])["role"] == "admin"


# Listing


def test_what_is_shown_of_an_account(rpc, ada):
    account = rpc.users.get(ada["id"], with_disabled=True)

    assert account == rpc.users.get(ada["id"]) | {"disabled": False}
    assert rpc.users.list_accounts(q=ada["email"]) == {"items": [account], "total": 1}


def test_the_search_goes_over_e_mail_and_name(rpc, register):
    mark = uuid.uuid4().hex
    by_name = register(f"Grace {mark} Hopper")
    by_email = register(email=f"{mark}@example.com")

    for q in (mark, mark.upper(), mark[3:]):
        found = rpc.users.list_accounts(q=q, sort="id:desc")
        assert [item["id"] for item in found["items"]] == [by_email["id"], by_name["id"]]
    assert rpc.users.list_accounts(q=f"{mark} hopper")["total"] == 1
    assert rpc.users.list_accounts(q=f"x{mark}")["total"] == 0


@pytest.mark.parametrize("q", ["%", "_", "100%", "\\", "' OR 1 = 1 --", "%(limit)s", ":limit"])
def test_no_character_stands_for_others(rpc, register, q):
    mark = uuid.uuid4().hex
    named = register(f"{mark}{q}x")
    register(f"{mark}abcdefgh")

    found = rpc.users.list_accounts(q=f"{mark}{q}x")

    assert [item["id"] for item in found["items"]] == [named["id"]]


def test_pages_and_orders(rpc, register):
    mark = uuid.uuid4().hex
    ids = [register(f"{mark} {name}")["id"] for name in ("b", "c", "a")]

    def listed(**options):
        return [item["id"] for item in rpc.users.list_accounts(q=mark, **options)["items"]]

    assert listed() == ids
    assert listed(sort="name") == [ids[2], ids[0], ids[1]]
    assert listed(sort="created_at:desc,id") == ids[::-1]
    assert listed(page=2, limit=2) == ids[2:]
    assert rpc.users.list_accounts(q=mark, page=9)["total"] == 3


@pytest.mark.parametrize(
    "query_", [{"sort": "password_hash"}, {"q": "x" * 101}, {"limit": 101}, {"role": "admin"}]
)
def test_what_is_no_query(rpc, query_):
    with pytest.raises(InvalidParameter):
        rpc.users.list_accounts(**query_)


# Changing


def test_a_disabled_account_is_out_until_it_is_enabled(rpc, ada):
    made = rpc.users.create_personal_token(ada["id"], {"name": "x", "scopes": ["stats:read"]})

    assert rpc.users.update_account(ada["id"], {"disabled": True})["disabled"] is True

    assert is_refused(rpc, ada)
    with pytest.raises(Unauthorized):
        rpc.users.check_token(ada["id"], "of the version before", 2**31)
    assert rpc.users.get(ada["id"], with_disabled=True)["disabled"] is True

    assert rpc.users.update_account(ada["id"], {"disabled": False})["disabled"] is False
    assert rpc.users.login({"email": ada["email"], "password": PASSWORD})
    with pytest.raises(Unauthorized):
        rpc.users.refresh({"refresh_token": ada["refresh_token"]})
    listed = rpc.users.list_personal_tokens(ada["id"])
    assert [token["id"] for token in listed] == [made["id"]]


def test_a_role_holds_for_tokens_that_are_out(rpc, alone, ada):
    def role():
        return rpc.users.check_token(ada["id"], "of the version before", 2**31)["role"]

    assert rpc.users.update_account(ada["id"], {"role": "admin"})["role"] == "admin"
    assert role() == "admin"
    rpc.users.update_account(ada["id"], {"role": "user"})
    assert role() == "user"


def test_what_is_left_out_stays(rpc, alone, ada):
    rpc.users.update_account(ada["id"], {"role": "admin", "disabled": True})

    assert rpc.users.update_account(ada["id"], {})["role"] == "admin"
    assert rpc.users.update_account(ada["id"], {"role": "user"})["disabled"] is True


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"role": "boss"}, {"role": "one_of"}),
        ({"role": None}, {"role": "required"}),
        ({"disabled": None}, {"disabled": "required"}),
        ({"disabled": "true"}, {"disabled": "type"}),
        ({"disabled": 1}, {"disabled": "type"}),
        ({"email": "x@example.com", "id": 1}, {"email": "unknown_field", "id": "unknown_field"}),
    ],
)
def test_what_is_no_change(rpc, ada, changes, faults):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.update_account(ada["id"], changes)

    found = {fault["field"]: fault["details"]["constraint"] for fault in refusal.value.faults}
    assert found == faults


def test_nobody(rpc):
    with pytest.raises(NotFound):
        rpc.users.get(2**63 - 1, with_disabled=True)
    with pytest.raises(NotFound):
        rpc.users.update_account(2**63 - 1, {"disabled": True})
    with pytest.raises(InvalidParameter):
        rpc.users.update_account(0, {})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "user"}, "role"),
        ({"disabled": True}, "disabled"),
        ({"role": "user", "disabled": True}, "role"),
    ],
)
def test_the_last_administrator_stays_one(rpc, alone, register, changes, field):
    disabled = register()
    rpc.users.update_account(disabled["id"], {"role": "admin", "disabled": True})

    with pytest.raises(BusinessRuleViolation) as refusal:
        rpc.users.update_account(alone["id"], changes)

    assert refusal.value.field == field
    assert refusal.value.details == {"constraint": "last_administrator"}
    kept = rpc.users.get(alone["id"], with_disabled=True)
    assert (kept["role"], kept["disabled"]) == ("admin", False)
    assert rpc.users.refresh({"refresh_token": alone["refresh_token"]})


def test_of_two_that_are_taken_out_at_once_one_stays(rpc, alone, ada):
    rpc.users.make_administrator(ada["email"])
    replies = [
        rpc.users.update_account.call_async(id_, changes)
        for id_, changes in ((alone["id"], {"role": "user"}), (ada["id"], {"disabled": True}))
    ]
    outcomes = []
    for reply in replies:
        try:
            reply.result()
            outcomes.append("done")
        except BusinessRuleViolation:
            outcomes.append("refused")

    assert sorted(outcomes) == ["done", "refused"]


# By hand


def test_an_account_that_there_is_keeps_its_password(rpc, ada):
    made = rpc.users.make_administrator(f" {ada['email'].upper()}", "another password")

    assert made == rpc.users.get(ada["id"], with_disabled=True) | {"is_new": False}
    assert made["role"] == "admin"
    assert rpc.users.login({"email": ada["email"], "password": PASSWORD})
    assert rpc.users.make_administrator(ada["email"])["is_new"] is False


def test_one_that_there_is_not_is_opened_with_a_password(rpc):
    email = new_email()
    with pytest.raises(NotFound, match="no account with this e-mail"):
        rpc.users.make_administrator(email)

    made = rpc.users.make_administrator(email.upper(), PASSWORD)

    assert (made["email"], made["role"], made["is_new"]) == (email, "admin", True)
    assert rpc.users.get(made["id"], with_disabled=True) | {"is_new": True} == made
    assert rpc.users.login({"email": email, "password": PASSWORD})


def test_its_password_has_the_rules_of_a_registration(rpc):
    for password in ("short", "password12"):
        with pytest.raises(ValidationFailed):
            rpc.users.make_administrator(new_email(), password)
    with pytest.raises(InvalidParameter):
        rpc.users.make_administrator("nonsense", PASSWORD)
