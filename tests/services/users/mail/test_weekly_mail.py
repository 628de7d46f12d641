"""Who wants the mail about their week, and who ends it, over RPC."""

import uuid

import pytest

from schemas.errors import InvalidParameter, NotFound, Unauthorized
from services import auth
from services.process.settings import Settings
from tests.users_database import query

PASSWORD = "correct horse battery staple"


@pytest.fixture
def register(rpc):
    def make():
        email = f"{uuid.uuid4().hex}@example.com"
        return rpc.users.register({"email": email, "password": PASSWORD})

    return make


@pytest.fixture
def ada(register):
    return register()


def wants(rpc, user):
    return rpc.users.get_profile(user["id"])["weekly_summary_mail"]


def test_a_recipient_has_what_a_mail_needs(rpc, ada):
    first = rpc.users.mail_recipient(ada["id"])
    token = first.pop("unsubscribe_token")
    nothing = {"locale": None, "weight_unit": None, "weekly_summary_mail": False}
    assert first == {"email": ada["email"], **nothing}
    wanted = {"locale": "de-AT", "weight_unit": "lb", "weekly_summary_mail": True}
    rpc.users.update_profile(ada["id"], wanted)
    second = rpc.users.mail_recipient(ada["id"])
    assert second == {"email": ada["email"], **wanted, "unsubscribe_token": token}


def test_who_is_gone_or_disabled_gets_no_mail(rpc, system, ada):
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", ada["id"])
    for user_id in (ada["id"], 2**63 - 1):
        with pytest.raises(NotFound):
            rpc.users.mail_recipient(user_id)
    with pytest.raises(InvalidParameter):
        rpc.users.mail_recipient(0)


def test_a_token_ends_the_mails_of_its_user_however_often_it_comes(rpc, register):
    ada, eve = register(), register()
    for user in (ada, eve):
        rpc.users.update_profile(user["id"], {"weekly_summary_mail": True, "weekly_goal": 3})
    token = rpc.users.mail_recipient(ada["id"])["unsubscribe_token"]
    for _ in range(2):
        assert rpc.users.end_weekly_mail(token) == {"ended": True}
        assert (wants(rpc, ada), wants(rpc, eve)) == (False, True)
    assert rpc.users.get_profile(ada["id"])["weekly_goal"] == 3
    # it is as good when they have begun anew
    rpc.users.update_profile(ada["id"], {"weekly_summary_mail": True})
    rpc.users.end_weekly_mail(token)
    assert not wants(rpc, ada)


def test_a_token_of_somebody_who_is_gone_ends_nothing(rpc, system, ada):
    token = rpc.users.mail_recipient(ada["id"])["unsubscribe_token"]
    query(system, "DELETE FROM users WHERE id = %s", ada["id"])
    assert rpc.users.end_weekly_mail(token) == {"ended": True}


def test_a_token_can_not_be_made_of_another(rpc, register):
    ada, eve = register(), register()
    rpc.users.update_profile(ada["id"], {"weekly_summary_mail": True})
    token = rpc.users.mail_recipient(eve["id"])["unsubscribe_token"]
    _, _, signature = token.partition("-")
    forged = [f"{ada['id']}-{signature}", f"{eve['id']}-{signature[:-1]}", f"0{token}", f"{token}x"]
    for text in (*forged, "", "-", "1-", "9" * 30 + "-x", "²-x", "x", "\ud800-\0", eve["token"], 7):
        with pytest.raises(InvalidParameter) as refusal:
            rpc.users.end_weekly_mail(text)
        assert refusal.value.faults[0]["field"] == "token"
    assert wants(rpc, ada)


def test_a_token_signs_nobody_in(rpc, system, ada):
    token = rpc.users.mail_recipient(ada["id"])["unsubscribe_token"]
    with pytest.raises(Unauthorized):
        auth.verify(token, Settings.from_environment(system.environment), 0)
    for use in (rpc.users.logout, lambda text: rpc.users.refresh({"refresh_token": text})):
        with pytest.raises(Unauthorized):
            use(token)
