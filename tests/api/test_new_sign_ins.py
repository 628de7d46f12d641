"""The mail about a sign-in from a device that an account does not know, over HTTP."""

from importlib import import_module

import pytest

from services.users.sessions.device_names import hash_of
from tests.mailbox import Mailbox
from tests.users_database import query
from tests.waiting import eventually

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
MIGRATION = "services.users.migrations.versions.0009_weekly_mail_and_devices"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def mailbox(system):
    return Mailbox(system.directory)


@pytest.fixture
def user(new_user):
    """Somebody who has registered with the client of the tests."""
    return new_user()


@pytest.fixture
def sign_in(http):
    def make(user, device=None, password=None):
        body = {"email": user.email, "password": password or user.password}
        headers = {"User-Agent": device} if device else {}
        return http.post("/api/users/login", body, headers=headers)

    return make


def waits_for_nothing(system, user):
    return query(system, "SELECT count(*) FROM mails WHERE user_id = %s", user.id) == [(0,)]


def test_a_new_device_is_told_once(http, user, sign_in, mailbox, system):
    http.put("/api/users/me", {"time_zone": "Pacific/Auckland"}, token=user.token)
    assert sign_in(user, FIREFOX).status_code == 200
    mail = mailbox.mail_to(user.email)
    assert mail["Subject"] == "A new sign-in to your account of Gym Tracker"
    for kind in ("plain", "html"):
        body = mail.get_body([kind]).get_content()
        assert "Firefox on Windows" in body
        assert "127.0.0.1" in body
        assert "(Pacific/Auckland)" in body
        assert "/api/users/me/sessions" in body
    # again, and after an update of the browser
    for device in (FIREFOX, FIREFOX.replace("133", "134")):
        assert sign_in(user, device).status_code == 200
    sign_in(user, CHROME)
    assert "Chrome on Linux" in mailbox.mail_to(user.email, 2).get_body(["plain"]).get_content()


def test_a_device_that_has_signed_out_is_still_known(http, user, sign_in, mailbox, system):
    token = sign_in(user, FIREFOX).json()["data"][0]["token"]
    mailbox.mail_to(user.email)
    http.post("/api/users/logout", token=token)
    sign_in(user, FIREFOX)
    sign_in(user, CHROME)
    assert "Chrome on Linux" in mailbox.mail_to(user.email, 2).get_body(["plain"]).get_content()


def test_the_registration_and_the_device_of_it_are_not_told(user, sign_in, mailbox, system):
    assert sign_in(user).status_code == 200
    assert waits_for_nothing(system, user)
    assert not mailbox.mails_to(user.email)


def test_the_first_sign_in_of_all_is_not_told(user, sign_in, mailbox, system):
    query(system, "DELETE FROM known_devices WHERE user_id = %s", user.id)
    assert sign_in(user, FIREFOX).status_code == 200
    assert waits_for_nothing(system, user)
    assert not mailbox.mails_to(user.email)


def test_a_wrong_password_is_not_told(user, sign_in, mailbox, system):
    assert sign_in(user, FIREFOX, "not the right one").status_code == 401
    assert waits_for_nothing(system, user)
    assert not mailbox.mails_to(user.email)


def test_after_90_days_a_device_is_new_again_unless_its_session_went_on(
    http, user, sign_in, mailbox, system
):
    first, _ = (sign_in(user, device).json()["data"][0] for device in (FIREFOX, CHROME))
    mailbox.mail_to(user.email, 2)
    later = "UPDATE known_devices SET last_used_at = now() - interval '89 days' WHERE user_id = %s"
    query(system, later, user.id)
    headers = {"User-Agent": FIREFOX}
    body = {"refresh_token": first["refresh_token"]}
    assert http.post("/api/users/token/refresh", body, headers=headers).status_code == 200
    later = "last_used_at = last_used_at - interval '2 days' WHERE user_id = %s"
    query(system, f"UPDATE known_devices SET {later}", user.id)
    sign_in(user, FIREFOX)
    assert waits_for_nothing(system, user)
    sign_in(user, CHROME)
    assert "Chrome on Linux" in mailbox.mail_to(user.email, 3).get_body(["plain"]).get_content()


def test_what_a_client_says_of_itself_is_in_no_mail(user, sign_in, mailbox):
    sign_in(user, "BUY at https://spam.example <script> now")
    mail = mailbox.mail_to(user.email)
    for kind in ("plain", "html"):
        body = mail.get_body([kind]).get_content()
        assert "an app" in body
        assert "spam.example" not in body
        assert "<script" not in body


def test_nobody_gets_very_many(user, sign_in, mailbox, system):
    for letter in "abcdefgh":
        assert sign_in(user, f"App {letter}").status_code == 200
    eventually(lambda: waits_for_nothing(system, user))
    # the device of the registration was new today, too
    assert len(mailbox.mails_to(user.email)) == 4


@pytest.mark.parametrize("device", [FIREFOX, "Größe 7 ٧ 重量/1.2", "", None])
def test_devices_of_before_are_known_by_the_same_hash(system, device):
    statement = f"SELECT {import_module(MIGRATION).DEVICE_HASH} FROM (VALUES (%s)) AS s (device)"
    [(found,)] = query(system, statement, device)
    assert bytes(found) == hash_of(device)


def test_a_very_long_name_is_known_too(user, sign_in, mailbox, system):
    for number in range(2):
        assert sign_in(user, "Mozilla/5.0 " + "x" * 300 + str(number) * 9).status_code == 200
    mailbox.mail_to(user.email)
    assert waits_for_nothing(system, user)
