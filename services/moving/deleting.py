"""Deleting what a cell has of a bucket that is not there any more, or is not there yet."""

from collections.abc import Sequence

from services.moving import noting
from services.moving.connecting import Side, writing
from services.moving.tables import ANALYTICS, FEED, WORKOUTS, Table
from services.transport.postgres.unpooled import Connection

# both conditions, as rows of different partitions may have the same ctid; the number found and not
# the number deleted, as an erasure may delete some at the same moment
_DELETE = """
    WITH found AS MATERIALIZED (
        SELECT ctid FROM {table} WHERE {condition} LIMIT {at_once}
    ), deleted AS (
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM found)) AND {condition}
    )
    SELECT count(*) FROM found
"""
USERS_AT_ONCE = 100


def delete(side: Side, bucket: int) -> int:
    """Delete all rows of a bucket's users in a cell, some in a transaction; return how many.

    The change feed is told of none, and is deleted last, as users are found by it.
    """
    users = noting.users_of(side.workouts, bucket)
    deleted = 0
    for first in range(0, len(users), USERS_AT_ONCE):
        some = users[first : first + USERS_AT_ONCE]
        deleted += _delete(side.analytics, ANALYTICS, some)
        deleted += _delete(side.workouts, (FEED, *WORKOUTS), some)
    return deleted


def _delete(connection: Connection, tables: Sequence[Table], users: list[int]) -> int:
    deleted = 0
    for table in reversed(tables):
        for condition in table.where:
            statement = _DELETE.format(table=table.name, condition=condition, at_once=table.at_once)
            while found := _delete_some(connection, statement, users):
                deleted += found
    return deleted


def _delete_some(connection: Connection, statement: str, users: list[int]) -> int:
    with writing(connection), connection.cursor() as cursor:
        cursor.execute(statement, {"users": users})
        [(found,)] = cursor.fetchall()
        return int(found)
