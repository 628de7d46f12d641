"""Moves ids and positions of a restored database ahead of all that were given out after the backup.

Tokens, apps and links may hold ids of users, sessions and workouts that are lost. Nobody else's may
ever have the same: a token of a lost account would be good for a new one. Positions of feeds, on
which apps go on, are noted as lost, so that these begin anew.
"""

from services.dependencies.feed_gaps import TABLE
from services.transport.postgres.unpooled import Connection, run

AHEAD = 1_000_000_000
"""Ids that may have been given out since the backup."""

FEEDS = {
    "users": {"settings_changes": ("position", "settings_changes_position_seq")},
    "exercises": {"own_exercise_changes": ("position", "exercise_changes_position_seq")},
    "workouts": {
        "workout_changes": ("id", "workout_changes_id_seq"),
        "measurement_changes": ("position", "measurement_changes_position_seq"),
    },
}
"""The feeds that clients follow, by service and table: the position, and the sequence it is of."""

_MOVE_AHEAD = f"""
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
        coalesce(last_value, start_value) + {AHEAD})
    FROM pg_sequences WHERE schemaname = 'public'
"""
_NOTE_GAP = """
    INSERT INTO feed_gaps (feed, last_kept, last_lost)
    SELECT '{feed}', coalesce((SELECT max({position}) FROM {feed}), 0),
        (SELECT last_value FROM {sequence})
"""


def move_ahead(connection: Connection, service: str) -> None:
    """Move all ids and positions of a service's database ahead."""
    run(connection, _MOVE_AHEAD)
    if service in FEEDS:
        run(connection, TABLE)
    for feed, (position, sequence) in FEEDS.get(service, {}).items():
        run(connection, _NOTE_GAP.format(feed=feed, position=position, sequence=sequence))
