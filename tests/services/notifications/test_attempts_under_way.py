"""What happens to a webhook or a delivery while an attempt is under way."""

import threading

import pytest
from standardwebhooks.webhooks import Webhook

from schemas.webhooks import MOST_WEBHOOKS
from services.process import budgets
from tests.erasing import run
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.services.databases import address_of
from tests.waiting import eventually

ADD = """
    INSERT INTO deliveries (webhook_id, user_id, event_id, event_type, body)
    SELECT :id, :user_id, 'evt_' || number, 'record.set', '{}'
    FROM generate_series(1, :count) AS number
"""
LAST = "UPDATE deliveries SET attempts = 9 WHERE webhook_id = :id"


class Held:
    """Answers are held until they are let go, one by one or all."""

    def __init__(self):
        self._answers = [threading.Event() for _ in range(20)]
        self._next = iter(self._answers)

    def __call__(self, message):
        next(self._next).wait(9)

    def let_go(self, number=None):
        for answer in self._answers if number is None else [self._answers[number]]:
            answer.set()


@pytest.fixture
def held(receiver):
    receiver.hold = Held()
    yield receiver.hold
    receiver.hold.let_go()


@pytest.fixture
def add(system, fresh_user, soon):
    def make(webhook, count):
        run(system, "notifications", ADD, id=webhook["id"], user_id=fresh_user, count=count)
        soon(webhook)

    return make


@pytest.fixture(params=["as usual", "of few rows"])
def plan(request, system):
    """How PostgreSQL joins; of few rows in a nested loop, which asks inner queries repeatedly."""
    if request.param == "as usual":
        yield
        return
    set_ways(system, "= off")
    yield
    set_ways(system, "TO DEFAULT")


def set_ways(system, value):
    name = address_of(system, "notifications").name
    ways = ["hashjoin", "mergejoin", "hashagg", "sort", "material"]
    system.stop("notifications")
    for way in ways:
        run(system, "notifications", f"ALTER DATABASE {name} SET enable_{way} {value}")
    system.start("notifications")


def test_one_that_is_disabled_gets_nothing_more(
    plan, webhooks, fresh_user, receiver, held, make_webhook, add
):
    webhook = make_webhook()
    add(webhook, 8)
    eventually(lambda: len(receiver.received) == 2)
    webhooks.update_webhook(fresh_user, webhook["id"], {"is_enabled": False})
    held.let_go()

    def delivered():
        items = webhooks.list_deliveries(fresh_user, webhook["id"])["items"]
        return sum(one["status"] == "delivered" for one in items)

    eventually(lambda: delivered() == 2)
    with WebhookReceiver() as other:
        webhooks.test_webhook(fresh_user, make_webhook(url=other.url)["id"])
        eventually(lambda: other.received)
    assert len(receiver.received) == 2
    webhooks.update_webhook(fresh_user, webhook["id"], {"is_enabled": True})
    eventually(lambda: delivered() == 8)
    assert len(receiver.received) == 8


def test_another_address_and_another_secret_hold_for_what_waits(
    webhooks, fresh_user, receiver, held, make_webhook, add
):
    webhook = make_webhook()
    add(webhook, 6)
    eventually(lambda: len(receiver.received) == 2)
    webhooks.update_webhook(fresh_user, webhook["id"], {"url": receiver.url + "/new"})
    secret = webhooks.rotate_secret(fresh_user, webhook["id"])["secret"]
    held.let_go()
    eventually(lambda: len(receiver.received) == 6)
    for message in receiver.received[2:]:
        assert message.path == "/gym/new"
        Webhook(secret).verify(message.body, message.headers)


def test_an_address_that_was_replaced_disables_nothing(
    webhooks, fresh_user, receiver, held, make_webhook, only
):
    receiver.status = 410
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    eventually(lambda: receiver.received)
    webhooks.update_webhook(fresh_user, webhook["id"], {"url": receiver.url + "/new"})
    held.let_go()
    only(webhook, attempts=1, response_status=410)
    found = webhooks.get_webhook(fresh_user, webhook["id"])
    assert (found["is_enabled"], found["failing_since"]) == (True, None)


def test_a_redelivery_stands_whatever_comes_of_an_attempt_before(
    system, webhooks, fresh_user, receiver, held, make_webhook, only, soon
):
    receiver.status = 500
    webhook = make_webhook()
    delivery = webhooks.test_webhook(fresh_user, webhook["id"])
    held.let_go(0)
    only(webhook, attempts=1, response_status=500)
    run(system, "notifications", LAST, id=webhook["id"])
    soon(webhook)
    eventually(lambda: len(receiver.received) == 2)
    again = webhooks.redeliver(fresh_user, webhook["id"], delivery["id"])
    assert (again["status"], again["attempts"]) == ("waiting", 0)
    eventually(lambda: len(receiver.received) == 3)
    held.let_go(1)
    held.let_go(2)
    only(webhook, status="waiting", attempts=1, response_status=500)
    held.let_go()
    receiver.status = 200
    soon(webhook)
    only(webhook, status="delivered", attempts=2)


@pytest.mark.slow
def test_a_user_has_a_share_of_the_places(system, fresh_user, receiver, make_webhook, add):
    is_over, under_way, counts = threading.Event(), [], []

    def hold(message):
        under_way.append(message)
        counts.append(len(under_way))
        is_over.wait(9)
        under_way.pop()

    receiver.hold = hold
    count = MOST_WEBHOOKS * budgets.DELIVERIES_AT_ONCE
    for _ in range(MOST_WEBHOOKS):
        add(make_webhook(), 6)
    eventually(lambda: len(counts) >= count)
    due = "UPDATE webhooks SET due_at = now() WHERE user_id = :id"
    run(system, "notifications", due, id=fresh_user)
    eventually(lambda: len(counts) > count)
    with WebhookReceiver() as other:
        user_id = fresh_user + 10**9
        add(make_webhook(user_id, other.url), 1)
        eventually(lambda: other.received)
    is_over.set()
    eventually(lambda: len(counts) == 6 * MOST_WEBHOOKS, 30)
    assert max(counts) <= budgets.DELIVERY_PLACES_OF_USER * budgets.DELIVERIES_AT_ONCE


def test_a_process_that_stood_still_changes_nothing_that_another_one_did(
    system, webhooks, fresh_user, receiver, held, make_webhook, only, soon
):
    receiver.status = 500
    webhook = make_webhook()
    webhooks.test_webhook(fresh_user, webhook["id"])
    held.let_go(0)
    only(webhook, attempts=1, response_status=500)
    run(system, "notifications", LAST, id=webhook["id"])
    soon(webhook)
    eventually(lambda: len(receiver.received) == 2)
    # as another process does when the lease is over
    delivered = """
        UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL, response_status = 200,
            problem = NULL WHERE webhook_id = :id
    """
    run(system, "notifications", delivered, id=webhook["id"])
    held.let_go(1)
    released = "SELECT due_at FROM webhooks WHERE id = :id"
    eventually(lambda: run(system, "notifications", released, id=webhook["id"]) == [(None,)])
    only(webhook, status="delivered", response_status=200)
