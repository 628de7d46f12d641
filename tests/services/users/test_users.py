"""Accounts, over RPC and beside it."""

import time
import uuid
from types import SimpleNamespace

import bcrypt
import eventlet
import jwt
import pytest

from schemas.errors import Conflict, InvalidParameter, NotFound, Unauthorized, ValidationFailed
from services.process.settings import SETTINGS_KEY, BadSettings
from services.users import administrator, reads, writes
from services.users.administrator import Administrator, ensure_administrator
from services.users.passwords import Passwords

PASSWORD = "correct horse battery staple"
PROFILE = {"id", "email", "name", "role", "created_at"}
TOKENS = {"token", "refresh_token", "expires_in"}


def new_email():
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def ada(rpc):
    return rpc.users.register({"email": new_email(), "password": PASSWORD, "name": "Ada"})


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def constraints(refusal):
    return {(fault.get("field"), fault["details"]["constraint"]) for fault in refusal.value.faults}


# Registering


def test_a_new_account(rpc):
    email = new_email()

    account = rpc.users.register({"email": email, "password": PASSWORD, "name": "Ada"})

    assert account.keys() == PROFILE | TOKENS
    assert (account["email"], account["name"], account["role"]) == (email, "Ada", "user")
    assert account["created_at"].endswith("Z")
    assert rpc.users.get(account["id"]) == {name: account[name] for name in PROFILE}


def test_the_first_token_is_for_the_new_account(ada):
    claims = claims_of(ada["token"])

    assert claims["user_id"] == ada["id"]
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert claims["iss"] == "user-service"
    assert abs(claims["iat"] - time.time()) < 60


@pytest.mark.parametrize("name", [None, "", "   "])
def test_a_name_is_optional(rpc, name):
    account = rpc.users.register({"email": new_email(), "password": PASSWORD, "name": name})

    assert account["name"] is None
    assert claims_of(account["token"])["name"] is None


def test_name_and_email_are_trimmed_and_the_email_is_in_lower_case(rpc):
    email = new_email()

    account = rpc.users.register(
        {"email": f"  {email.upper()} ", "password": PASSWORD, "name": " Ada "}
    )

    assert (account["email"], account["name"]) == (email, "Ada")


@pytest.mark.parametrize("spelling", [str, str.upper, "  {} ".format])
def test_an_email_is_taken_only_once(rpc, ada, spelling):
    with pytest.raises(Conflict) as refusal:
        rpc.users.register({"email": spelling(ada["email"]), "password": "another password"})

    assert refusal.value.details == {
        "field": "email",
        "constraint": "unique",
        "received": ada["email"],
    }


def test_of_registrations_at_the_same_moment_one_succeeds(rpc):
    body = {"email": new_email(), "password": PASSWORD}
    replies = [rpc.users.register.call_async(body) for _ in range(5)]
    outcomes = []
    for reply in replies:
        try:
            outcomes.append(reply.result()["email"])
        except Conflict:
            outcomes.append("conflict")

    assert sorted(outcomes) == sorted([body["email"], *["conflict"] * 4])


def test_all_faults_of_a_registration_are_told_at_once(rpc):
    body = {"email": "nonsense", "password": "short", "name": "x" * 101, "role": "admin"}

    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.register(body)

    assert constraints(refusal) == {
        ("email", "email"),
        ("password", "min_length"),
        ("name", "max_length"),
        ("role", "unknown_field"),
    }


@pytest.mark.parametrize("field", ["id", "role", "created_at", "updated_at", "password_hash"])
def test_what_the_service_makes_can_not_be_set(rpc, field):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.register({"email": new_email(), "password": PASSWORD, field: "1"})

    assert constraints(refusal) == {(field, "unknown_field")}


@pytest.mark.parametrize(
    ("password", "constraint"),
    [
        (None, "required"),
        (12345678, "type"),
        ("seven77", "min_length"),
        ("x" * 73, "max_length"),
        ("é" * 37, "max_length"),
        ("nul\0nul\0nul", "characters"),
        ("e\u0301" * 7, "min_length"),
        ("e\u0301" * 37, "max_length"),
        ("\u0301\u0316" * 500, "max_length"),
    ],
)
def test_passwords_that_are_refused_and_never_shown(rpc, password, constraint):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.register({"email": new_email(), "password": password})

    assert constraints(refusal) == {("password", constraint)}
    if password is not None:
        assert str(password) not in str(refusal.value.args)


@pytest.mark.parametrize("password", ["eight888", "x" * 72, "é" * 36, "  spaces  ", "🏋" * 18])
def test_passwords_that_are_taken_as_they_are(rpc, password):
    email = new_email()
    rpc.users.register({"email": email, "password": password})

    assert rpc.users.login({"email": email, "password": password})["token"]
    for other in (f"{password} ", password.strip()[:-1], password.upper() + "!"):
        with pytest.raises(Unauthorized):
            rpc.users.login({"email": email, "password": other})


SPELLINGS = {
    "composed": "Größe-1234",
    "decomposed": "Gro\u0308ße-1234",
    "full-width": "Ｇｒößｅ－１２３４",
    "full-width and decomposed": "Ｇｒｏ\u0308ßｅ－１２３４",
}
any_spelling = pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())


@any_spelling
def test_a_password_is_the_same_on_every_keyboard(rpc, spelling):
    email = new_email()
    rpc.users.register({"email": email, "password": spelling})

    for other in SPELLINGS.values():
        assert rpc.users.login({"email": email, "password": other})["token"]
    with pytest.raises(Unauthorized):
        rpc.users.login({"email": email, "password": "Grosse-1234"})


@pytest.mark.parametrize(
    "password",
    ["e\u0301" * 8, "e\u0301" * 36, "Ａ" * 72, "ｶﾞ" * 24],
    ids=["8 characters", "72 bytes of accents", "72 bytes of full-width", "72 bytes of kana"],
)
def test_lengths_are_those_of_the_form_that_is_hashed(rpc, password):
    email = new_email()
    rpc.users.register({"email": email, "password": password})

    assert rpc.users.login({"email": email, "password": password})["token"]


@pytest.mark.parametrize(
    ("password", "received"),
    [("e\u0301" * 7, 7), ("e\u0301" * 37, 74), ("Ａ" * 73, 73)],
    ids=["too short", "too long", "too long, full-width"],
)
def test_a_length_that_is_refused_is_that_of_the_form_that_is_hashed(rpc, password, received):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.register({"email": new_email(), "password": password})

    [fault] = refusal.value.faults
    assert fault["details"]["received"] == received


@pytest.mark.parametrize(
    ("spelling", "other"), [("größe@", "gro\u0308ße@"), ("ada@bü", "ADA@bu\u0308")]
)
def test_an_email_is_the_same_on_every_keyboard(rpc, spelling, other):
    before = uuid.uuid4().hex
    email, same = f"{before}{spelling}cher.de", f"{before}{other}cher.de"
    rpc.users.register({"email": same, "password": PASSWORD})

    for login in (email, same):
        assert rpc.users.login({"email": login, "password": PASSWORD})["token"]
    with pytest.raises(Conflict):
        rpc.users.register({"email": email, "password": PASSWORD})


# Signing in and out


def test_signing_in(rpc, ada):
    answer = rpc.users.login({"email": f" {ada['email'].upper()}", "password": PASSWORD})

    assert answer.keys() == TOKENS | {"user"}
    assert answer["user"] == {name: ada[name] for name in PROFILE}
    assert claims_of(answer["token"])["user_id"] == ada["id"]
    assert claims_of(answer["token"])["jti"] != claims_of(ada["token"])["jti"]


WRONG_PASSWORDS = {
    "another": "another password",
    "empty": "",
    "too short": "short",
    "in capitals": PASSWORD.upper(),
    "with a space more": f"{PASSWORD} ",
    "with a NUL": PASSWORD + "\0",
    "only a NUL": "\0",
    "too long": "x" * 73,
    "far too long": "x" * 5000,
    "too long in bytes": "é" * 72,
    "lone surrogates": "\ud800" * 8,
}
any_wrong_password = pytest.mark.parametrize(
    "password", WRONG_PASSWORDS.values(), ids=WRONG_PASSWORDS.keys()
)
WRONG_EMAILS = [
    "",
    "nonsense",
    "@",
    "a@b@c.de",
    "nul\0@example.com",
    "\ud800@example.com",
    "x" * 999,
]


@any_wrong_password
def test_a_password_that_is_not_right_or_can_not_be(rpc, ada, password):
    assert refusal_of(rpc, ada["email"], password) == refusal_of(rpc, new_email(), PASSWORD)


@pytest.mark.parametrize("email", WRONG_EMAILS)
def test_an_email_that_nobody_has_or_can_have(rpc, email):
    assert refusal_of(rpc, email, PASSWORD) == refusal_of(rpc, new_email(), PASSWORD)


def refusal_of(rpc, email, password):
    with pytest.raises(Unauthorized) as refusal:
        rpc.users.login({"email": email, "password": password})
    return refusal.value.message, refusal.value.details


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("email", "required"), ("password", "required")}),
        ({"email": "a@example.com"}, {("password", "required")}),
        ({"email": None, "password": PASSWORD}, {("email", "required")}),
        ({"email": 7, "password": ["x"]}, {("email", "type"), ("password", "type")}),
        ({"email": "a", "password": "b", "x": 1}, {("x", "unknown_field")}),
    ],
)
def test_credentials_of_a_wrong_shape(rpc, body, expected):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.login(body)

    assert constraints(refusal) == expected


def test_signing_out_twice_is_no_fault(rpc, ada):
    assert rpc.users.logout(ada["token"]) == {"revoked": True}
    assert rpc.users.logout(ada["token"]) == {"revoked": True}


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", None, 7, {}])
def test_signing_out_with_what_is_no_token(rpc, token):
    with pytest.raises(Unauthorized):
        rpc.users.logout(token)


# Profiles


def test_nobody(rpc):
    with pytest.raises(NotFound):
        rpc.users.get(2**63 - 1)


def test_an_account_is_found_by_its_email(rpc, ada):
    found = rpc.users.find(f" {ada['email'].upper()}")
    assert found == rpc.users.get(ada["id"])


@pytest.mark.parametrize("email", ["nobody@example.com", "ada", "", None, 7])
def test_an_email_without_an_account(rpc, email):
    with pytest.raises(NotFound, match="no account with this e-mail"):
        rpc.users.find(email)


@pytest.mark.parametrize("user_id", [0, -1, 2**63, "x", 1.5, None, True, [1]])
def test_what_is_no_id(rpc, user_id):
    with pytest.raises(InvalidParameter):
        rpc.users.get(user_id)


# Hashing


def container_with(**settings):
    return SimpleNamespace(config={SETTINGS_KEY: SimpleNamespace(**settings)})


@pytest.fixture
def passwords():
    # the cheapest cost of all: what is tested is not how long it takes
    return make_passwords(cost=4)


def make_passwords(cost, development=True):
    passwords = Passwords()
    passwords.container = container_with(bcrypt_cost=cost, development=development)
    passwords.setup()
    return passwords


@pytest.mark.parametrize("development", [True, False])
def test_the_specification_s_example_is_no_common_password_in_development(development):
    passwords = make_passwords(4, development)
    assert passwords.is_common("password123") is not development
    assert passwords.is_common("password1")


def test_a_hash_tells_its_cost_and_nothing_twice(passwords):
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)

    assert first != second
    assert first.startswith("$2b$04$")
    assert passwords.matches(PASSWORD, first)
    assert passwords.matches(PASSWORD, second)


@any_wrong_password
def test_no_wrong_password_matches_any_hash(passwords, password):
    assert not passwords.matches(password, passwords.hash(PASSWORD))
    assert not passwords.matches(password, None)


def test_a_password_that_bcrypt_refuses_is_never_mistaken_for_what_is_hashed_instead(passwords):
    assert not passwords.matches("x" * 73, passwords.hash(""))
    assert not passwords.matches("", None)


@pytest.mark.slow
@any_wrong_password
@pytest.mark.parametrize("is_known", [True, False])
def test_every_check_is_one_hashing_at_the_same_cost(passwords, monkeypatch, password, is_known):
    kept = passwords.hash(PASSWORD) if is_known else None
    checked = []
    monkeypatch.setattr(
        "services.users.passwords.bcrypt.checkpw",
        lambda secret, hashed: checked.append(hashed) or False,
    )

    passwords.matches(password, kept)

    [hashed] = checked
    assert hashed.startswith(b"$2b$04$")
    assert len(hashed) == 60


def kept_before(password):
    """Return a hash as it was made when passwords were kept as they were typed."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@any_spelling
def test_a_hash_of_a_password_as_it_was_typed_still_matches(passwords, spelling):
    kept = kept_before(spelling)

    assert passwords.matches(spelling, kept)
    assert not passwords.matches(f"{spelling}!", kept)


@any_spelling
def test_a_hash_of_the_usual_spelling_matches_every_spelling(passwords, spelling):
    assert passwords.matches(spelling, kept_before(SPELLINGS["composed"]))


def test_a_password_that_is_longer_in_its_usual_form_still_matches(passwords):
    password = "\u0958" * 24
    assert passwords.matches(password, kept_before(password))


@any_spelling
def test_how_often_is_checked_depends_on_the_spelling_alone(passwords, monkeypatch, spelling):
    checked = []
    monkeypatch.setattr(
        "services.users.passwords.bcrypt.checkpw",
        lambda secret, hashed: checked.append(secret) or False,
    )

    counts = []
    for kept in (None, kept_before("another password"), passwords.hash(spelling)):
        checked.clear()
        passwords.matches(spelling, kept)
        counts.append(len(checked))

    assert counts == [1 if spelling == SPELLINGS["composed"] else 2] * 3


def test_other_requests_go_on_while_a_password_is_hashed():
    passwords = make_passwords(cost=10)
    hashing = eventlet.spawn(passwords.hash, PASSWORD)
    turns = 0
    while not hashing.dead:
        eventlet.sleep(0.001)
        turns += 1

    # hashed in this thread, there would be one turn
    assert turns > 5


def test_only_so_many_passwords_are_hashed_at_once(passwords, monkeypatch):
    running, most = [], []

    def hash_slowly(function, *arguments):
        running.append(function)
        most.append(len(running))
        eventlet.sleep(0.01)
        running.pop()
        return function(*arguments)

    monkeypatch.setattr("services.users.passwords.AT_ONCE", 2)
    monkeypatch.setattr("services.users.passwords.tpool.execute", hash_slowly)
    passwords.setup()
    hashings = [eventlet.spawn(passwords.hash, PASSWORD) for _ in range(6)]

    assert len({hashing.wait() for hashing in hashings}) == 6
    assert max(most) == 2


# The administrator that is made at start

ADMIN = {"email": "boss@example.com", "password": PASSWORD}


class Accounts:
    """Accounts in memory, in place of reads, writes and their database."""

    def __init__(self, monkeypatch):
        self.by_email = {}
        monkeypatch.setattr(reads, "find", self.find)
        monkeypatch.setattr(writes, "insert", self.insert)
        monkeypatch.setattr(writes, "make_first_admin", self.make_first_admin)

    def fetch(self, _statement, **_values):
        raise AssertionError("no statement leaves reads and writes")

    def find(self, _fetch, email):
        account = self.by_email.get(email)
        return None if account is None else (dict(account[0]), account[1])

    def insert(self, _fetch, email, password_hash, name, role="user"):
        if email in self.by_email:
            return None
        profile = {"id": len(self.by_email) + 1, "email": email, "name": name, "role": role}
        self.by_email[email] = (profile, password_hash)
        return profile

    def make_first_admin(self, _fetch, user_id):
        profiles = [profile for profile, _ in self.by_email.values()]
        if any(profile["role"] == "admin" for profile in profiles):
            return False
        [profile] = [profile for profile in profiles if profile["id"] == user_id]
        profile["role"] = "admin"
        return True


@pytest.fixture
def accounts(monkeypatch):
    return Accounts(monkeypatch)


def test_the_administrator_is_made_once(accounts, passwords):
    ensure_administrator(accounts, passwords, **ADMIN)
    first = accounts.by_email.copy()
    ensure_administrator(accounts, passwords, **ADMIN)

    assert accounts.by_email == first
    profile, kept = first[ADMIN["email"]]
    assert profile["role"] == "admin"
    assert passwords.matches(PASSWORD, kept)


def test_two_processes_that_start_at_once_make_one_administrator(accounts, passwords):
    starts = [eventlet.spawn(ensure_administrator, accounts, passwords, **ADMIN) for _ in range(2)]
    for start in starts:
        start.wait()

    assert [profile["role"] for profile, _ in accounts.by_email.values()] == ["admin"]


def test_an_administrator_keeps_their_password(accounts, passwords):
    kept = passwords.hash("their own password")
    accounts.insert(None, ADMIN["email"], kept, "Boss", role="admin")

    ensure_administrator(accounts, passwords, **ADMIN)

    assert accounts.by_email[ADMIN["email"]][1] == kept


def test_an_ordinary_account_is_raised_only_by_its_own_password(accounts, passwords):
    accounts.insert(None, ADMIN["email"], passwords.hash(PASSWORD), "Boss")

    ensure_administrator(accounts, passwords, **ADMIN)

    assert accounts.by_email[ADMIN["email"]][0]["role"] == "admin"


def test_who_is_no_administrator_any_more_does_not_become_one_again(accounts, passwords):
    accounts.insert(None, "other@example.com", passwords.hash(PASSWORD), "Other", role="admin")
    accounts.insert(None, ADMIN["email"], passwords.hash(PASSWORD), "Boss")

    ensure_administrator(accounts, passwords, **ADMIN)

    assert accounts.by_email[ADMIN["email"]][0]["role"] == "user"


@any_spelling
def test_an_ordinary_account_is_raised_by_any_spelling_of_its_password(
    accounts, passwords, spelling
):
    admin = start_with(ADMIN["email"], spelling)
    accounts.insert(None, ADMIN["email"], kept_before(spelling), "Boss")

    ensure_administrator(accounts, passwords, **admin)

    assert accounts.by_email[ADMIN["email"]][0]["role"] == "admin"


def test_the_administrator_s_password_is_the_same_on_every_keyboard(accounts, passwords):
    admin = start_with(ADMIN["email"], SPELLINGS["decomposed"])

    ensure_administrator(accounts, passwords, **admin)

    kept = accounts.by_email[ADMIN["email"]][1]
    assert all(passwords.matches(spelling, kept) for spelling in SPELLINGS.values())


def test_whoever_registered_the_email_first_does_not_become_administrator(accounts, passwords):
    accounts.insert(None, ADMIN["email"], passwords.hash("a stranger's"), "Mallory")

    ensure_administrator(accounts, passwords, **ADMIN)

    assert accounts.by_email[ADMIN["email"]][0]["role"] == "user"


def start_with(email, password):
    provider = Administrator()
    provider.container = container_with(admin_email=email, admin_password=password)
    provider.setup()
    return provider.wanted


def test_without_the_settings_there_is_no_administrator():
    assert start_with("", "") is None


def test_the_administrators_email_is_spelled_as_in_a_registration():
    assert start_with("Boss@Example.com", PASSWORD) == ADMIN


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("boss@example.com", ""),
        ("", PASSWORD),
        ("nonsense", PASSWORD),
        ("boss@example.com", "short"),
    ],
)
def test_settings_that_make_no_administrator_stop_the_start(email, password):
    with pytest.raises(BadSettings) as problem:
        start_with(email, password)

    assert "ADMIN_EMAIL and ADMIN_PASSWORD" in str(problem.value)
    assert "short" not in str(problem.value)


def test_an_administrator_is_made_as_soon_as_the_database_is_there(monkeypatch):
    tries = []

    def fail_twice(*_arguments, **_values):
        tries.append(len(tries))
        if len(tries) < 3:
            raise NotFound("the database is away")

    monkeypatch.setattr(administrator, "ensure_administrator", fail_twice)
    monkeypatch.setattr(administrator, "RETRY_SECONDS", (0,))
    monkeypatch.setattr(administrator, "sibling", lambda *_: None)
    provider = Administrator()
    provider.container = container_with(admin_email=ADMIN["email"], admin_password=PASSWORD)
    provider.container.spawn_managed_thread = lambda function, identifier: function()
    provider.setup()

    provider.start()

    assert len(tries) == 3
