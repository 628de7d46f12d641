"""The change feed of the cell that a bucket moves to, and those who follow that of the other one.

Analytics and copies that clients keep know of workouts by the feed. So it gets a row for each
workout, also for deleted ones, with the latest version. They say that an import has made the
change, so that nobody is told of it.
"""

from collections.abc import Callable

from services.moving import copying, noting
from services.moving.addresses import CannotMove, Cell
from services.moving.connecting import Side
from services.process import cells
from services.process.settings import DatabaseAddress
from services.transport.postgres.unpooled import Connection, connected, run, transaction
from services.workouts.feed import LOCK

ROWS_AT_ONCE = 500
"""Of one transaction: all others who write workouts wait for its end."""

_LATEST = """
    SELECT workout_id, kind, version, user_id, date FROM (
        SELECT DISTINCT ON (workout_id) * FROM workout_changes
        WHERE user_id = ANY(%s) ORDER BY workout_id, id DESC) latest
    ORDER BY id
"""
_LOCK = f"SELECT pg_advisory_xact_lock({LOCK})"
_WRITE = """
    INSERT INTO workout_changes (workout_id, kind, version, user_id, date, imported)
    SELECT g.workout_id, g.kind, g.version, g.user_id, g.date, true
    FROM unnest(%s::bigint[], %s::text[], %s::integer[], %s::bigint[], %s::date[])
        WITH ORDINALITY AS g (workout_id, kind, version, user_id, date, place)
    WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = g.user_id)
    ORDER BY place
"""
_END = "SELECT coalesce(max(id), 0) FROM workout_changes"
# nobody is told of what imports change
_END_OF_BUCKET = """
    SELECT coalesce(max(id), 0) FROM workout_changes WHERE user_id = ANY(%s) AND NOT imported
"""
_FOLLOWED = "SELECT position FROM feed_position"
_IS_FOLLOWED = "SELECT to_regclass('public.feed_position') IS NOT NULL"
# notifications follow the feeds of all cells, and have those of the others in a table of its own
_FOLLOWED_OF_CELL = "SELECT position FROM feed_positions_of_cells WHERE cell = %s"


def tell(source: Side, target: Side) -> None:
    """Write what the feed of the other cell lacks of the users who were copied."""
    for users, notes in noting.pending(source.workouts, copying.USERS_AT_ONCE, is_copied=True):
        left = sorted({*users} - copying.erased(users, source.workouts, target.workouts))
        known = {row[:3] for row in run(target.workouts, _LATEST, left)}
        rows = [row for row in run(source.workouts, _LATEST, left) if row[:3] not in known]
        for first in range(0, len(rows), ROWS_AT_ONCE):
            with transaction(target.workouts):
                run(target.workouts, _LOCK)
                columns = zip(*rows[first : first + ROWS_AT_ONCE], strict=True)
                run(target.workouts, _WRITE, *map(list, columns))
        noting.forget(source.workouts, notes)


def analytics_have_followed(side: Side) -> Callable[[], bool]:
    """Return what says whether a cell's analytics have followed its feed to where it ends now."""
    [(end,)] = run(side.workouts, _END)

    def have() -> bool:
        [(position,)] = run(side.analytics, _FOLLOWED)
        return bool(position >= end)

    return have


def notifications_have_followed(
    side: Side, bucket: int, address: DatabaseAddress
) -> Callable[[], bool]:
    """Return what says whether notifications have read all of a bucket in a cell's feed.

    Args:
        side: the cell.
        bucket: which, of which nothing more is written there.
        address: of the database of notifications.
    """
    [(end,)] = run(side.workouts, _END_OF_BUCKET, noting.users_of(side.workouts, bucket))

    def have() -> bool:
        with connected(address, refusal=CannotMove) as connection:
            return not _is_followed(connection) or _position(connection, side.cell) >= end

    return have


def _is_followed(connection: Connection) -> bool:
    [(is_so,)] = run(connection, _IS_FOLLOWED)
    return bool(is_so)


def _position(connection: Connection, cell: Cell) -> int:
    if cell.name == cells.FIRST:
        [(position,)] = run(connection, _FOLLOWED)
        return int(position)
    found = run(connection, _FOLLOWED_OF_CELL, cell.name)
    # a row is made when the feed is first followed
    return int(found[0][0]) if found else 0
