"""Making webhooks, over RPC."""

import re

import pytest

from schemas.errors import (
    BusinessRuleViolation,
    InvalidParameter,
    NotFound,
    Unauthorized,
    ValidationFailed,
)
from schemas.webhooks import EVENTS, MOST_SECRETS, MOST_WEBHOOKS
from tests.erasing import run

# nobody listens there, and nobody outside is sent anything
URL = "http://127.0.0.1:1/gym"
NEW = {"url": URL, "events": ["record.set", "record.set"], "description": "  "}


@pytest.fixture
def webhooks(rpc):
    return rpc.notifications


def test_a_new_one_is_shown_with_its_secret(webhooks, fresh_user):
    made = webhooks.create_webhook(fresh_user, NEW)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.pop("secret"))
    assert made == webhooks.get_webhook(fresh_user, made["id"])
    assert (made["url"], made["description"], made["events"]) == (URL, None, ["record.set"])
    assert made["is_enabled"]
    for name in ("disabled_reason", "failing_since", "previous_secret_until"):
        assert made[name] is None
    assert webhooks.list_webhooks(fresh_user) == [made]


def test_fields_are_changed_one_by_one(webhooks, fresh_user):
    made = webhooks.create_webhook(fresh_user, NEW)
    key = made["id"]
    changed = webhooks.update_webhook(fresh_user, key, {"description": "Display"})
    assert (changed["description"], changed["url"]) == ("Display", URL)
    changed = webhooks.update_webhook(fresh_user, key, {"events": [*EVENTS], "is_enabled": False})
    assert (changed["description"], changed["is_enabled"]) == ("Display", False)
    assert changed["events"] == [*EVENTS]
    changed = webhooks.update_webhook(fresh_user, key, {"description": None, "url": URL + "/2"})
    assert (changed["description"], changed["url"]) == (None, URL + "/2")
    assert webhooks.update_webhook(fresh_user, key, {}) == changed
    assert not changed["is_enabled"]


def test_what_the_system_has_disabled_begins_anew_when_it_is_enabled(system, webhooks, fresh_user):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    disable = """
        UPDATE webhooks SET is_enabled = false, disabled_reason = 'failing',
            failing_since = now() - interval '8 days' WHERE id = :id
    """
    run(system, "notifications", disable, id=key)
    shown = webhooks.update_webhook(fresh_user, key, {"description": "Display"})
    assert (shown["is_enabled"], shown["disabled_reason"]) == (False, "failing")
    shown = webhooks.update_webhook(fresh_user, key, {"is_enabled": True})
    assert (shown["is_enabled"], shown["disabled_reason"]) == (True, None)
    assert shown["failing_since"] is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"url", "events"}),
        ({"url": "", "events": []}, {"url", "events"}),
        ({"url": "x" * 2001, "events": ["everything"]}, {"url", "events[0]"}),
        (NEW | {"description": "x" * 201, "secret": "whsec_mine"}, {"description", "secret"}),
    ],
)
def test_bad_values_are_refused_all_at_once(webhooks, fresh_user, body, fields):
    with pytest.raises(ValidationFailed) as refused:
        webhooks.create_webhook(fresh_user, body)
    assert {fault["field"] for fault in refused.value.faults} == fields


def test_what_can_t_be_cleared_is_refused(webhooks, fresh_user):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    with pytest.raises(ValidationFailed) as refused:
        webhooks.update_webhook(fresh_user, key, dict.fromkeys(["url", "events", "is_enabled"]))
    assert len(refused.value.faults) == 3


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "https://example.com:8443/", "https://me:x@example.com/"),
        *("https://localhost./", "https://10.0.0.1/", "https://0x7f.1/", "https://[::1]/"),
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_urls_that_lead_inside_are_refused(webhooks, fresh_user, url):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    for call in (
        lambda: webhooks.create_webhook(fresh_user, NEW | {"url": url}),
        lambda: webhooks.update_webhook(fresh_user, key, {"url": url}),
    ):
        with pytest.raises(BusinessRuleViolation) as refused:
            call()
        assert refused.value.field == "url"
    assert webhooks.get_webhook(fresh_user, key)["url"] == URL


def test_one_has_so_many_and_no_more(webhooks, fresh_user):
    for _ in range(MOST_WEBHOOKS - 1):
        webhooks.create_webhook(fresh_user, NEW)
    # at once: the second counts the one of the first
    replies = [webhooks.create_webhook.call_async(fresh_user, NEW) for _ in range(2)]
    with pytest.raises(BusinessRuleViolation) as refused:
        [reply.result() for reply in replies]
    assert refused.value.details["max_items"] == MOST_WEBHOOKS
    assert len(webhooks.list_webhooks(fresh_user)) == MOST_WEBHOOKS
    assert webhooks.create_webhook(fresh_user + 10**9, NEW)


def test_another_secret_holds_at_once_and_the_one_before_for_a_day(system, webhooks, fresh_user):
    made = webhooks.create_webhook(fresh_user, NEW)
    rotated = webhooks.rotate_secret(fresh_user, made["id"])
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"] > rotated["updated_at"]
    over = "UPDATE webhooks SET previous_until = now() WHERE id = :id"
    run(system, "notifications", over, id=made["id"])
    assert webhooks.get_webhook(fresh_user, made["id"])["previous_secret_until"] is None


def test_so_many_secrets_hold_and_no_more(system, webhooks, fresh_user):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    for _ in range(MOST_SECRETS - 1):
        webhooks.rotate_secret(fresh_user, key)
    with pytest.raises(BusinessRuleViolation) as refused:
        webhooks.rotate_secret(fresh_user, key)
    assert refused.value.details["max_items"] == MOST_SECRETS
    over = """
        UPDATE older_secrets SET holds_until = now() WHERE holds_until = (
            SELECT min(holds_until) FROM older_secrets WHERE webhook_id = :id)
    """
    run(system, "notifications", over, id=key)
    assert webhooks.rotate_secret(fresh_user, key)["secret"]


def test_nothing_is_somebody_elses(webhooks, fresh_user):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    delivery = webhooks.test_webhook(fresh_user, key)["id"]
    for user_id, webhook_id in ((fresh_user + 10**9, key), (fresh_user, 2**62)):
        for call in (
            webhooks.get_webhook,
            webhooks.delete_webhook,
            webhooks.rotate_secret,
            webhooks.test_webhook,
            webhooks.list_deliveries,
            lambda user, one: webhooks.update_webhook(user, one, {}),
            lambda user, one: webhooks.redeliver(user, one, delivery),
        ):
            with pytest.raises(NotFound):
                call(user_id, webhook_id)
    with pytest.raises(NotFound):
        webhooks.redeliver(fresh_user, key, delivery + 10**9)
    assert webhooks.list_webhooks(fresh_user + 10**9) == []
    assert webhooks.delete_webhook(fresh_user, key) == {"id": key, "deleted": True}
    assert webhooks.list_webhooks(fresh_user) == []


@pytest.mark.parametrize("bad", [0, -1, "x", None, 2**63])
def test_ids_are_checked(webhooks, fresh_user, bad):
    for method in (webhooks.get_webhook, webhooks.delete_webhook, webhooks.rotate_secret):
        for ids in ((bad, 1), (fresh_user, bad)):
            with pytest.raises(InvalidParameter):
                method(*ids)
    for method in (webhooks.test_webhook, webhooks.list_deliveries):
        with pytest.raises(InvalidParameter):
            method(fresh_user, bad)
    with pytest.raises(InvalidParameter):
        webhooks.redeliver(fresh_user, 1, bad)
    with pytest.raises(InvalidParameter):
        webhooks.list_webhooks(bad)


def test_an_erased_user_has_none_and_makes_none(system, webhooks, fresh_user):
    key = webhooks.create_webhook(fresh_user, NEW)["id"]
    webhooks.test_webhook(fresh_user, key)
    run(system, "notifications", "INSERT INTO erased_users VALUES (:id)", id=fresh_user)
    with pytest.raises(Unauthorized):
        webhooks.create_webhook(fresh_user, NEW)
