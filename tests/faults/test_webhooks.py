"""Webhooks whose receivers hang, and deliveries whose process dies."""

import os
import random
import threading
import time
from pathlib import Path

import pytest

from tests.erasing import run
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.faults.deputies import instead_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

HANGING, OTHERS = 100, 900
SLOW = 300
SECONDS = 2
PATIENCE_SECONDS = 30
TICKS = os.sysconf("SC_CLK_TCK")

ADD = """
    WITH made AS (
        INSERT INTO webhooks (user_id, url, events, secret)
        SELECT :user_id + number / 10, :url || '/' || number, ARRAY['record.set'], sha256('secret')
        FROM generate_series(1, :count) AS number RETURNING id, user_id
    )
    INSERT INTO deliveries (webhook_id, user_id, event_id, event_type, body)
    SELECT id, user_id, 'evt_' || id || '_' || number, 'record.set', '{}'
    FROM made, generate_series(1, :each) AS number
"""
OF_USERS = "user_id BETWEEN :user_id AND :user_id + 999"
DUE = f"UPDATE webhooks SET due_at = now() WHERE {OF_USERS} AND url LIKE :url || '/%'"


@pytest.fixture
def user_id(system):
    user_id = random.randrange(10**14, 10**15)
    yield user_id
    run(system, "notifications", f"DELETE FROM webhooks WHERE {OF_USERS}", user_id=user_id)


@pytest.fixture
def receiver():
    with WebhookReceiver() as running:
        yield running


def add(system, user_id, url, count, each=1):
    """Make webhooks, ten of each user, that have deliveries which are due."""
    run(system, "notifications", ADD, user_id=user_id, url=url, count=count, each=each)
    run(system, "notifications", DUE, user_id=user_id, url=url)


def paths(receiver, start):
    return {one.path for one in receiver.received if one.path.startswith(start)}


def processor_seconds(system):
    """Return how long the service's process has had a processor."""
    stat = Path(f"/proc/{system.pid('notifications')}/stat").read_text()
    used, of_system = stat.rpartition(")")[2].split()[11:13]
    return (int(used) + int(of_system)) / TICKS


def seconds_of_others(system, receiver, user_id, name):
    """Return how long many ordinary webhooks wait, and what the process needs of a processor."""
    begun, worked = time.monotonic(), processor_seconds(system)
    add(system, user_id, f"{receiver.url}/{name}", OTHERS)
    eventually(lambda: len(paths(receiver, f"/gym/{name}/")) == OTHERS, PATIENCE_SECONDS)
    return time.monotonic() - begun, processor_seconds(system) - worked


def test_a_hundred_that_hang_delay_nobody(system, receiver, user_id):
    """The machine may have other things to do, so it is compared with the same without them."""
    is_over = threading.Event()
    receiver.hold = lambda message: "hanging" in message.path and is_over.wait(90)
    try:
        alone, _ = seconds_of_others(system, receiver, user_id, "alone")
        add(system, user_id, f"{receiver.url}/hanging", HANGING, each=4)
        eventually(lambda: len(paths(receiver, "/gym/hanging/")) == HANGING, 20)
        beside, worked = seconds_of_others(system, receiver, user_id, "beside")
        assert beside < SECONDS + 2 * alone, f"{beside:.1f} s, without them {alone:.1f} s"
        assert worked < SECONDS, f"{worked:.1f} s of a processor"
    finally:
        is_over.set()


def test_receivers_that_are_slow_and_have_a_backlog_delay_nobody(system, receiver, user_id):
    is_over = threading.Event()
    receiver.hold = lambda message: "slow" in message.path and is_over.wait(9)
    known = f"SELECT count(*) FROM webhooks WHERE {OF_USERS} AND slowness > 0"

    def are_known():
        [(count,)] = run(system, "notifications", known, user_id=user_id)
        return count > SLOW // 2

    try:
        # more than there are places
        add(system, user_id, f"{receiver.url}/slow", SLOW, each=24)
        eventually(are_known, 60)
        begun = time.monotonic()
        add(system, user_id + SLOW, f"{receiver.url}/other", 1)
        eventually(lambda: paths(receiver, "/gym/other/"), PATIENCE_SECONDS)
        assert time.monotonic() - begun < 2 * SECONDS
    finally:
        is_over.set()


@pytest.mark.parametrize("place", ["before_attempt", "after_attempt"])
def test_a_process_dies_on_the_way(system, receiver, user_id, place):
    with instead_of(system, "notifications", f"notifications.{place}:exit:1") as deputy:
        add(system, user_id, receiver.url, 1)
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, 40)
    statement = "SELECT status, event_id FROM deliveries WHERE user_id = :id"

    def is_delivered():
        [(status, event_id)] = run(system, "notifications", statement, id=user_id)
        return status == "delivered" and event_id

    # its lease has to end
    event_id = eventually(is_delivered, 60)
    assert {one.event_id for one in receiver.received} == {event_id}
