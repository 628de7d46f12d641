"""One moment of all databases: a snapshot of each, taken within milliseconds, in the right order.

Nothing can take a snapshot of several databases at once. So whoever follows another service's data
comes first: analytics and notifications, which follow the feed of workouts; then workouts and their
private exercises; then users, whose settings and deletions all others follow. What a follower knows
is then in its source, too, and what it does not know it reads from the feed after a restore.

In between no private exercise is deleted or merged: of one that was, workouts would have what
exercises have not any more, and nothing follows that.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg2

from stack.backups.databases import ask, connect, first_line
from stack.failures import Failure

ORDER = ("analytics", "notifications", "workouts", "exercises", "users")
HELD = ("workouts", "exercises")
"""Between these two private exercises stay as they are."""

LOCK_SECONDS = 10
POSITIONS = {
    "analytics": "SELECT position FROM feed_position",
    "notifications": "SELECT position FROM feed_position",
    "workouts": "SELECT coalesce(max(id), 0) FROM workout_changes",
}
ARE_ELSEWHERE = "SELECT EXISTS (SELECT FROM bucket_states WHERE state <> 'here')"
MARK = "unfinished_restore"


@dataclass(frozen=True)
class Snapshot:
    """A state of a database that stays readable as long as its transaction.

    Attributes:
        name: by which ``pg_dump`` reads it.
        revision: the last migration.
        postgresql: the major version of the server.
        taken_at: when it was taken.
        feed_position: the last change of workouts that is known there, if any is followed.
    """

    name: str
    revision: str
    postgresql: int
    taken_at: str
    feed_position: int | None


@contextmanager
def taken(environment: Mapping[str, str]) -> Iterator[dict[str, Snapshot]]:
    """Take a snapshot of each database, and hold them all for the duration of the block.

    Raises:
        Failure: a database can't be read, was never migrated, is being restored, or has users in
            other cells.
    """
    with ExitStack() as held:
        connections = {
            service: held.enter_context(closing(connect(service, environment))) for service in ORDER
        }
        lock = held.enter_context(closing(connect("exercises", environment)))
        found = {}
        for service, connection in connections.items():
            try:
                if service == HELD[0]:
                    _hold_private_exercises(lock)
                found[service] = _take(service, connection)
                if service == HELD[1]:
                    ask(lock, "ROLLBACK")
            except psycopg2.Error as problem:
                raise Failure(f"the database of {service}: {first_line(problem)}") from None
        _check(found)
        yield found


def _hold_private_exercises(connection: Any) -> None:
    ask(connection, f"SET statement_timeout = 0; SET lock_timeout = '{LOCK_SECONDS}s'")
    ask(connection, "BEGIN")
    # writes of others wait for it, reads do not
    ask(connection, "LOCK TABLE private_exercises IN SHARE MODE")


def _take(service: str, connection: Any) -> Snapshot:
    # what was set for a role is for statements of services
    ask(connection, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    ask(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    [(name,)] = ask(connection, "SELECT pg_export_snapshot()")
    taken_at = datetime.now(UTC)
    names = ("alembic_version", MARK, "bucket_states")
    are_there = ", ".join(f"to_regclass('{name}') IS NOT NULL" for name in names)
    [(is_migrated, is_restored, knows_cells)] = ask(connection, f"SELECT {are_there}")
    if not is_migrated:
        raise Failure(f"the database of {service} is empty: no service has migrated it yet")
    if is_restored:
        raise Failure(f"the database of {service} is being restored")
    if knows_cells and ask(connection, ARE_ELSEWHERE) != [(False,)]:
        raise Failure(
            f"users whom the database of {service} had are in other cells, and would not be in the "
            "backup (docs/backup.md)"
        )
    [(revision,)] = ask(connection, "SELECT version_num FROM alembic_version")
    position = ask(connection, POSITIONS[service])[0][0] if service in POSITIONS else None
    return Snapshot(
        name=name,
        revision=revision,
        postgresql=connection.server_version // 10_000,
        taken_at=taken_at.isoformat(timespec="milliseconds"),
        feed_position=position,
    )


def _check(found: Mapping[str, Snapshot]) -> None:
    source = found["workouts"].feed_position or 0
    for service in ("analytics", "notifications"):
        if (found[service].feed_position or 0) > source:
            raise Failure(
                f"{service} is ahead of workouts in the feed ({found[service].feed_position}, "
                f"{source}): one of their databases was restored without the other"
            )
