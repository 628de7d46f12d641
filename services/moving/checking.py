"""What has to be so before a bucket is moved, and before it is in the other cell."""

from services.moving import copying, noting
from services.moving.addresses import CannotMove
from services.moving.connecting import Side
from services.transport.postgres.unpooled import Connection, run

_REVISION = "SELECT version_num FROM alembic_version"
_COPIES = {
    "workouts": {"exercise_facts": "owner_position"},
    "analytics": {"exercise_facts": "muscles_position", "own_muscles": "position"},
}
"""By database and table, how far a copy of what the exercises service has was followed."""

_COMPARED = {
    "workouts": "user_id, id, version",
    "measurements": "user_id, id, version",
    "imports": "user_id, id, status",
}
"""By table what is compared in the end of all users: whatever is written changes it. All columns
were compared when they were copied."""

_SUMS = """
    SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0)
    FROM {table} WHERE user_id = ANY(%s)
"""


def check_revisions(source: Side, target: Side) -> None:
    """Check whether the databases of two cells have the same schema.

    Raises:
        CannotMove: they have not.
    """
    for service, connection in source.databases.items():
        here = run(connection, _REVISION)
        there = run(target.databases[service], _REVISION)
        if here != there:
            raise CannotMove(
                f"the {service} database of {source.cell} has revision {here[0][0]}, and that of "
                f"{target.cell} {there[0][0]}"
            )


def lacks_copies(source: Side, target: Side) -> bool:
    """Return whether the other cell has not followed yet what the one has followed by now."""
    return any(
        _followed(target.databases[service], table, position)
        < _followed(connection, table, position)
        for service, connection in source.databases.items()
        for table, position in _COPIES[service].items()
    )


def compare(source: Side, target: Side, bucket: int) -> int:
    """Compare the versions of all that two cells have of a bucket.

    Returns:
        How many users there are.

    Raises:
        CannotMove: they differ.
    """
    here, there = source.workouts, target.workouts
    users = {*noting.users_of(here, bucket), *noting.users_of(there, bucket)}
    left = sorted(users - copying.erased(users, here, there))
    for table, columns in _COMPARED.items():
        question = _SUMS.format(columns=columns, table=table)
        if _sums(here, question, left) != _sums(there, question, left):
            raise CannotMove(
                f"{table} of bucket {bucket} differ in {source.cell} and {target.cell}; it was not "
                "moved: begin anew with --abandon"
            )
    return len(left)


def _sums(connection: Connection, question: str, users: list[int]) -> list[tuple]:
    return run(connection, question, users)


def _followed(connection: Connection, table: str, position: str) -> int:
    [(found,)] = run(connection, f"SELECT coalesce(max({position}), 0) FROM {table}")
    return int(found)
