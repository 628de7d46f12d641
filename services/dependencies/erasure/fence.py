"""The fence around users who were erased; migrations make it in the database of each service.

A tombstone is committed before the first row is deleted. From then on a trigger refuses to insert
rows of that user, whichever version of the service inserts them. The trigger fires after the
insert, when its transaction has an id: whoever did not see the tombstone has a lower id than any
transaction that begins after the tombstone was committed, and can be waited for
(:mod:`services.dependencies.erasure.tombstones`).

Tables whose rows hang on others by a foreign key need no trigger.
"""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import OperationalError

from services.dependencies.database import ERASED

_TOMBSTONES = (
    """
    CREATE TABLE IF NOT EXISTS erased_users (
        user_id BIGINT PRIMARY KEY,
        asked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        running_until XID8,
        erased_at TIMESTAMPTZ,
        look_at TIMESTAMPTZ DEFAULT now()
    )
    """,
    "CREATE INDEX IF NOT EXISTS erased_users_to_do ON erased_users (look_at) "
    "WHERE look_at IS NOT NULL",
)
_FUNCTION = """
    CREATE OR REPLACE FUNCTION refuse_erased_{column}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM erased_users WHERE user_id = NEW.{column};
        IF FOUND THEN
            RAISE EXCEPTION 'the user was erased' USING ERRCODE = '{code}';
        END IF;
        RETURN NULL;
    END $$
"""
# replaced, so that a migration that was broken off can be run again
_TRIGGER = """
    CREATE OR REPLACE TRIGGER erased_users_stay_away AFTER INSERT ON {table}
    FOR EACH ROW WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION refuse_erased_{column}()
"""

_LOCK_NOT_AVAILABLE = "55P03"
_PAUSE_SECONDS = 0.5


def make(execute: Any, columns: Mapping[str, str]) -> None:
    """Make the table of tombstones, and fence tables; in transactions of their own.

    Args:
        execute: ``op.execute`` inside an ``autocommit_block``.
        columns: by the name of each table, the column that says whose its rows are.
    """
    for statement in _TOMBSTONES:
        execute(statement)
    for column in sorted({*columns.values()}):
        execute(_FUNCTION.format(column=column, code=ERASED))
    # all writes would wait behind a statement that waits for a lock, such as that of a backup
    execute("SET lock_timeout = '1s'")
    for table, column in columns.items():
        execute_when_free(execute, _TRIGGER.format(table=table, column=column))
    execute("RESET lock_timeout")


def execute_when_free(execute: Any, statement: str) -> None:
    """Execute a statement that needs the lock of a table, when nobody holds it for long."""
    while True:
        try:
            execute(statement)
        except OperationalError as problem:
            if getattr(problem.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def remove(execute: Any, columns: Mapping[str, str]) -> None:
    """Take back what :func:`make` has made."""
    for table in columns:
        execute(f"DROP TRIGGER erased_users_stay_away ON {table}")
    for column in sorted({*columns.values()}):
        execute(f"DROP FUNCTION refuse_erased_{column}()")
    execute("DROP TABLE erased_users")
