"""The change feeds of several cells: each is followed by itself.

What the workouts service of a cell answers is made up; the database is the service's own.
"""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import NullPool, create_engine

from schemas import webhooks
from schemas.errors import ServiceUnavailable
from services.dependencies.database import Database
from services.notifications.following import ChangesFollower, FollowingMethods
from services.process.settings import SETTINGS_KEY, Settings
from tests.erasing import run
from tests.services.databases import address_of
from tests.waiting import eventually

FIRST_OF_B = 10**13
POSITIONS = "SELECT cell, position FROM feed_positions_of_cells ORDER BY cell"


class Feed:
    """The feed of a cell, as its workouts service answers."""

    def __init__(self, user_id, first_id=FIRST_OF_B):
        self.user_id = user_id
        self.first_id = first_id
        self.all = []
        self.asked = []
        self.is_away = False

    def add(self, when=None, **fields):
        self.all.append(
            {
                "id": self.first_id + len(self.all),
                "workout_id": self.first_id + len(self.all),
                "user_id": self.user_id,
                "version": 1,
                "date": "2026-01-02",
                "kind": "created",
                "changed_at": (when or datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
                **fields,
            }
        )

    def changes(self, position, limit):
        self.asked.append(position)
        if self.is_away:
            raise ServiceUnavailable.of("workout-service", 1)
        return [change for change in self.all if change["id"] > position][:limit]


@pytest.fixture
def database(system):
    found = Database("notifications")
    found.engine = create_engine(address_of(system, "notifications").url, poolclass=NullPool)
    run(system, "notifications", "DELETE FROM feed_positions_of_cells")
    yield found
    run(system, "notifications", "DELETE FROM feed_positions_of_cells")


def make_follower(cells="b,c"):
    follower = ChangesFollower()
    settings = Settings.from_environment({"CELLS": cells})
    follower.container = SimpleNamespace(config={SETTINGS_KEY: settings})
    follower.setup()
    return follower


@pytest.fixture
def follower():
    return make_follower()


def told(rpc, user_id, webhook):
    found = rpc.notifications.list_deliveries(user_id, webhook["id"], limit=100)["items"]
    return sorted(each["payload"]["data"]["workout_id"] for each in found)


def test_each_cell_has_a_position_of_its_own(
    system, rpc, fresh_user, make_webhook, database, follower
):
    webhook = make_webhook(events=[webhooks.WORKOUT_CREATED])
    b, c = Feed(fresh_user), Feed(fresh_user, 2 * FIRST_OF_B)
    of_first = run(system, "notifications", "SELECT position FROM feed_position")
    b.add()
    b.add()
    c.add()
    for _ in range(2):
        for cell, feed in (("b", b), ("c", c)):
            follower.look(database, feed.changes, cell)
    assert told(rpc, fresh_user, webhook) == [FIRST_OF_B, FIRST_OF_B + 1, 2 * FIRST_OF_B]
    assert b.asked == [0, FIRST_OF_B + 1]
    assert run(system, "notifications", POSITIONS) == [("b", FIRST_OF_B + 1), ("c", c.first_id)]
    assert run(system, "notifications", "SELECT position FROM feed_position") == of_first


def test_one_process_at_a_time_follows_a_cell(fresh_user, database, follower):
    other, feed = make_follower(), Feed(fresh_user)
    follower.look(database, feed.changes, "b")
    other.look(database, feed.changes, "b")
    assert len(feed.asked) == 1
    other.look(database, feed.changes, "c")
    assert len(feed.asked) == 2


def test_a_cell_that_is_away_is_read_on_from_where_it_was(
    system, rpc, fresh_user, make_webhook, database, follower
):
    webhook = make_webhook(events=[webhooks.WORKOUT_CREATED])
    b, c = Feed(fresh_user), Feed(fresh_user, 2 * FIRST_OF_B)
    b.is_away = True
    b.add()
    c.add()
    assert not follower.look(database, b.changes, "b")
    assert follower.look(database, c.changes, "c")
    assert told(rpc, fresh_user, webhook) == [2 * FIRST_OF_B]
    b.is_away = False
    assert follower.look(database, b.changes, "b")
    assert told(rpc, fresh_user, webhook) == [FIRST_OF_B, 2 * FIRST_OF_B]


def test_of_a_cell_that_is_new_nothing_is_told_that_was_told_before(
    rpc, fresh_user, make_webhook, database, follower
):
    """What a move has written is imported; and what was before the webhook is not told anywhere."""
    webhook = make_webhook(events=[webhooks.WORKOUT_CREATED])
    feed = Feed(fresh_user)
    feed.add(imported=True)
    feed.add(when=datetime.now(UTC) - timedelta(hours=1))
    assert not follower.look(database, feed.changes, "b")
    feed.add()
    assert follower.look(database, feed.changes, "b")
    assert told(rpc, fresh_user, webhook) == [FIRST_OF_B + 2]


class Workouts:
    """What a worker has in place of the workouts services."""

    def __init__(self, cell=None):
        self.cell = cell

    def in_cell(self, name):
        return Workouts(name)

    def changes(self, *arguments, **options):
        return self.cell


@pytest.mark.parametrize("cell", ["", "b"])
def test_each_cell_is_asked_for_its_feed(cell):
    looked = []

    class Follower:
        def look(self, database, changes, of_cell):
            looked.append((changes(), of_cell))

    service = FollowingMethods()
    service.database, service.workouts, service.changes_follower = None, Workouts(), Follower()
    service.follow_changes(cell)
    assert looked == [(cell, cell)]


def test_how_far_each_feed_is_followed_is_told_by_cell(database, follower, fresh_user):
    from services.observability import metrics

    feed = Feed(fresh_user)
    feed.add()
    follower.look(database, feed.changes, "b")
    follower.look(database, feed.changes, "b")

    def value(cell):
        return metrics.REGISTRY.get_sample_value("gym_feed_position", {"cell": cell})

    eventually(lambda: value("b") == FIRST_OF_B)
    assert value("c") == 0
