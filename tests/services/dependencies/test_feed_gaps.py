"""A position of a feed that a restored backup has lost, as clients meet it."""

import itertools
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import Conflict
from services.restoring.feeds import FEEDS
from tests.services.databases import address_of
from tests.services.logbook import ago, body
from tests.services.users.test_settings_feed import register

EXPIRED = "The cursor has expired: read the changes from 0"
WEIGHT = {"kind": "weight", "value": 80, "unit": "kg"}


class Feed:
    """A feed that clients follow: how something is written that it tells of, and how it is read."""

    def __init__(self, table, write, read):
        self.table, self.write, self.read = table, write, read


def feeds(rpc, user_id):
    goals = itertools.count(1)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        feed.table: feed
        for feed in (
            Feed(
                "workout_changes",
                lambda: rpc.workouts.create(user_id, body(ago(0))),
                rpc.workouts.own_changes,
            ),
            Feed(
                "measurement_changes",
                lambda: rpc.workouts.create_measurement(user_id, WEIGHT | {"measured_at": now}),
                rpc.workouts.measurement_changes,
            ),
            Feed(
                "own_exercise_changes",
                lambda: rpc.exercises.set_mine(user_id, 1, {"notes": uuid.uuid4().hex}),
                rpc.exercises.own_changes,
            ),
            Feed(
                "settings_changes",
                lambda: rpc.users.update_profile(user_id, {"weekly_goal": next(goals)}),
                rpc.users.own_changes,
            ),
        )
    }


@pytest.mark.parametrize(
    ("service", "table"), [(name, table) for name, tables in FEEDS.items() for table in tables]
)
def test_a_lost_position_has_expired_whatever_was_written_since(system, rpc, service, table):
    user_id = register(rpc)["id"]
    feed = feeds(rpc, user_id)[table]
    feed.write()
    kept = feed.read(user_id)[-1]["position"]
    lost = lose(system, service, table)
    with pytest.raises(Conflict, match=EXPIRED):
        feed.read(user_id, after=lost)
    assert feed.read(user_id, after=kept) == []

    feed.write()
    with pytest.raises(Conflict, match=EXPIRED):
        feed.read(user_id, after=lost)
    [later] = feed.read(user_id, after=kept)
    assert later["position"] > lost
    assert feed.read(user_id, after=later["position"]) == []
    assert feed.read(user_id)


def lose(system, service, table):
    """Do as if one change had been lost; return its position."""
    position, sequence = FEEDS[service][table]
    engine = create_engine(address_of(system, service).url, poolclass=NullPool)
    with engine.begin() as connection:
        last = connection.scalar(text(f"SELECT max({position}) FROM {table}"))
        lost = connection.scalar(text(f"SELECT nextval('{sequence}')"))
        connection.execute(
            text("INSERT INTO feed_gaps VALUES (:feed, :last, :lost)"),
            {"feed": table, "last": last, "lost": lost},
        )
    return lost
