"""What receivers get, and when: tests, further attempts, redelivery."""

import json
import threading
import time

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from schemas.errors import BusinessRuleViolation
from schemas.webhooks import MOST_TESTS, MOST_WAITING
from tests.api.described import described
from tests.erasing import run
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.waiting import eventually


def test_a_test_arrives_signed(webhooks, fresh_user, receiver, make_webhook, only):
    webhook = make_webhook()
    made = webhooks.test_webhook(fresh_user, webhook["id"])
    assert (made["status"], made["attempts"]) == ("waiting", 0)
    shown = only(webhook, status="delivered", attempts=1, response_status=204, problem=None)
    assert shown["next_attempt_at"] is None
    [message] = receiver.received
    assert message.path == "/gym"
    assert message.event_id == shown["event_id"]
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"].startswith("Gym-Tracker/")
    assert Webhook(webhook["secret"]).verify(message.body, message.headers) == shown["payload"]
    described().check_message(message)
    assert shown["payload"]["data"] == {"webhook_id": webhook["id"]}


def test_while_secrets_replace_each_other_all_verify(
    webhooks, fresh_user, receiver, make_webhook, only
):
    webhook = make_webhook()
    others = [webhooks.rotate_secret(fresh_user, webhook["id"]) for _ in range(2)]
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, status="delivered")
    [message] = receiver.received
    for secret in (webhook["secret"], *(other["secret"] for other in others)):
        Webhook(secret).verify(message.body, message.headers)


@pytest.mark.slow
@pytest.mark.parametrize("status", [302, 307, 400, 404, 500, 503])
def test_whatever_is_not_2xx_failed_and_comes_again_with_the_same_id(
    webhooks, fresh_user, receiver, make_webhook, only, soon, status
):
    receiver.status = status
    receiver.headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    shown = only(webhook, status="waiting", attempts=1, response_status=status)
    assert shown["problem"] == f"The receiver answered {status}"
    assert webhooks.get_webhook(fresh_user, webhook["id"])["failing_since"]
    receiver.status = 200
    soon(webhook)
    only(webhook, status="delivered", attempts=2, response_status=200, problem=None)
    assert webhooks.get_webhook(fresh_user, webhook["id"])["failing_since"] is None
    first, second = receiver.received
    assert (first.event_id, first.body) == (second.event_id, second.body)
    Webhook(webhook["secret"]).verify(second.body, second.headers)


@pytest.mark.slow
def test_the_first_pause_is_five_seconds(webhooks, fresh_user, receiver, make_webhook, only):
    receiver.status = 500
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, attempts=1, response_status=500)
    begun = time.monotonic()
    eventually(lambda: len(receiver.received) == 2, 12)
    assert time.monotonic() - begun > 4


def test_a_receiver_says_when_it_wants_to_be_asked_again(
    system, webhooks, fresh_user, receiver, make_webhook, only
):
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    shown = only(webhook, attempts=1, response_status=429)
    later = "SELECT next_attempt_at - last_attempt_at > interval '590 s' FROM deliveries"
    assert run(system, "notifications", f"{later} WHERE id = :id", id=shown["id"]) == [(True,)]


@pytest.mark.parametrize(("status", "is_enabled"), [(503, True), (410, False)])
def test_a_date_that_is_none_changes_nothing(
    webhooks, fresh_user, receiver, make_webhook, only, status, is_enabled
):
    receiver.status = status
    receiver.headers = {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, attempts=1, response_status=status)
    assert webhooks.get_webhook(fresh_user, webhook["id"])["is_enabled"] is is_enabled


def test_after_the_last_attempt_it_is_given_up(
    system, webhooks, fresh_user, receiver, make_webhook, only, soon
):
    receiver.status = 500
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, attempts=1, response_status=500)
    late = "UPDATE deliveries SET attempts = 9 WHERE webhook_id = :id"
    run(system, "notifications", late, id=webhook["id"])
    soon(webhook)
    shown = only(webhook, status="failed", attempts=10)
    assert shown["next_attempt_at"] is None
    receiver.status = 200
    again = webhooks.redeliver(fresh_user, webhook["id"], shown["id"])
    assert (again["status"], again["attempts"]) == ("waiting", 0)
    only(webhook, status="delivered", attempts=1)
    assert len({message.event_id for message in receiver.received}) == 1


def test_a_receiver_that_is_gone_is_told_nothing_more(
    webhooks, fresh_user, receiver, make_webhook, only
):
    receiver.status = 410
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    shown = only(webhook, attempts=1, response_status=410)
    found = webhooks.get_webhook(fresh_user, webhook["id"])
    assert (found["is_enabled"], found["disabled_reason"]) == (False, "gone")
    for refused in (
        lambda: webhooks.test_webhook(fresh_user, webhook["id"]),
        lambda: webhooks.redeliver(fresh_user, webhook["id"], shown["id"]),
    ):
        with pytest.raises(BusinessRuleViolation):
            refused()


def test_a_week_of_failures_disables(
    system, webhooks, fresh_user, receiver, make_webhook, only, soon
):
    receiver.status = 500
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, attempts=1, response_status=500)
    week = "UPDATE webhooks SET failing_since = now() - interval '7 days' WHERE id = :id"
    run(system, "notifications", week, id=webhook["id"])
    soon(webhook)
    only(webhook, attempts=2)
    found = eventually(
        lambda: (
            (one := webhooks.get_webhook(fresh_user, webhook["id"]))["is_enabled"] is False and one
        )
    )
    assert found["disabled_reason"] == "failing"
    receiver.status = 200
    webhooks.update_webhook(fresh_user, webhook["id"], {"is_enabled": True})
    soon(webhook)
    only(webhook, status="delivered", attempts=3)


def test_a_week_of_failures_is_one_in_which_something_was_tried(
    system, webhooks, fresh_user, receiver, make_webhook, only, soon
):
    receiver.status = 500
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    only(webhook, attempts=1, response_status=500)
    week = """
        UPDATE webhooks SET failing_since = now() - interval '8 days',
            last_failed_at = now() - interval '3 days' WHERE id = :id
    """
    run(system, "notifications", week, id=webhook["id"])
    soon(webhook)
    only(webhook, attempts=2, response_status=500)
    found = webhooks.get_webhook(fresh_user, webhook["id"])
    assert found["is_enabled"]
    assert found["failing_since"] >= webhook["created_at"]


def test_a_receiver_that_hangs_delays_nobody(webhooks, fresh_user, receiver, make_webhook):
    is_over = threading.Event()
    receiver.hold = lambda message: is_over.wait(30)
    slow = make_webhook()
    for _ in range(5):
        webhooks.test_webhook(fresh_user, slow["id"])
    eventually(lambda: len(receiver.received) >= 2)
    try:
        with WebhookReceiver() as other:
            quick = make_webhook(url=other.url)
            webhooks.test_webhook(fresh_user, quick["id"])
            eventually(lambda: len(other.received) == 1, 3)
        # no more at a time than its own places
        assert len(receiver.received) <= 4
    finally:
        is_over.set()
    eventually(lambda: len({message.event_id for message in receiver.received}) == 5, 20)


@pytest.mark.slow
def test_how_late_deliveries_are_is_measured(system, webhooks, fresh_user, receiver, make_webhook):
    def late():
        page = requests.get(f"http://{system.address('notifications')}/metrics", timeout=10).text
        [line] = [each for each in page.splitlines() if each.startswith("gym_deliveries_late")]
        return float(line.split()[1])

    is_over = threading.Event()
    receiver.hold = lambda message: is_over.wait(30)
    slow = make_webhook()
    # more than it has places for
    for _ in range(5):
        webhooks.test_webhook(fresh_user, slow["id"])
    try:
        eventually(lambda: late() > 1, 9)
    finally:
        is_over.set()
    eventually(lambda: late() == 0, 20)


def test_nobody_listens(webhooks, fresh_user, make_webhook, only):
    webhook = make_webhook(url="http://127.0.0.1:1/gym")
    webhooks.test_webhook(fresh_user, webhook["id"])
    shown = only(webhook, attempts=1, problem="No connection: Connection refused")
    assert shown["response_status"] is None


def test_deliveries_come_in_pages(webhooks, fresh_user, make_webhook):
    webhook = make_webhook()
    made = [webhooks.test_webhook(fresh_user, webhook["id"])["id"] for _ in range(3)]
    found = webhooks.list_deliveries(fresh_user, webhook["id"], page=2, limit=2)
    assert found["total"] == 3
    assert [one["id"] for one in found["items"]] == made[:1]


INSERT = """
    INSERT INTO deliveries (webhook_id, user_id, event_id, event_type, body, status,
        next_attempt_at)
    SELECT :id, :user_id, 'evt_' || number, :event_type, CAST(:body AS text), :status,
        now() + interval '1 day'
    FROM generate_series(1, :count) AS number
"""


@pytest.fixture
def insert(system, fresh_user):
    """Insert deliveries that are not due."""

    def make(webhook, count, event_type="record.set", body="{}", status="waiting"):
        values = {"event_type": event_type, "body": body, "status": status, "count": count}
        run(system, "notifications", INSERT, id=webhook["id"], user_id=fresh_user, **values)

    return make


@pytest.mark.parametrize(
    ("count", "of", "called"),
    [
        (MOST_WAITING, {}, {"test_webhook", "redeliver"}),
        (MOST_TESTS, {"event_type": "webhook.test", "status": "delivered"}, {"test_webhook"}),
    ],
)
def test_no_more_is_asked_for_than_is_allowed(
    webhooks, fresh_user, make_webhook, insert, count, of, called
):
    webhook, other = make_webhook(), make_webhook()
    insert(webhook, count, **of)
    [newest] = webhooks.list_deliveries(fresh_user, webhook["id"], limit=1)["items"]
    for method, ids in (("test_webhook", ()), ("redeliver", (newest["id"],))):
        call = getattr(webhooks, method)
        if method not in called:
            assert call(fresh_user, webhook["id"], *ids)
            continue
        with pytest.raises(BusinessRuleViolation) as refused:
            call(fresh_user, webhook["id"], *ids)
        assert refused.value.details["max_items"] == count
    assert webhooks.test_webhook(fresh_user, other["id"])


def test_what_is_large_comes_in_smaller_pages(webhooks, fresh_user, make_webhook, insert):
    webhook = make_webhook()
    payload = {"type": "summary.weekly", "timestamp": "", "data": {"text": "x" * 900_000}}
    insert(webhook, 6, body=json.dumps(payload))
    found = webhooks.list_deliveries(fresh_user, webhook["id"], limit=100)
    assert [one["payload"] for one in found["items"]] == [payload, *[None] * 5]
    for page in range(1, 7):
        [one] = webhooks.list_deliveries(fresh_user, webhook["id"], page, 1)["items"]
        assert one["payload"] == payload
    taken, after = "", None
    while True:
        part = webhooks.take_out(fresh_user, after)
        taken += part["files"].get("deliveries.json", "")
        if (after := part["next"]) is None:
            break
    assert [one["payload"] for one in json.loads(taken)] == [payload] * 6


def test_what_is_too_large_for_a_page_is_left_out(webhooks, fresh_user, make_webhook, insert):
    webhook = make_webhook()
    insert(webhook, 1, body=json.dumps({"type": "x" * 3 * 1024 * 1024}))
    [one] = webhooks.list_deliveries(fresh_user, webhook["id"])["items"]
    assert one["payload"] is None
    assert webhooks.redeliver(fresh_user, webhook["id"], one["id"])["payload"] is None
    assert "deliveries.json" in webhooks.take_out(fresh_user)["files"]
