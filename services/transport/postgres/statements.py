"""SQL statements with named values, and the one way to run them.

Most are prepared: PostgreSQL parses and plans them once a connection, not once a request. Through a
pooler each transaction may get another session of the server. So there each statement is sent with
a look whether the session that it runs in has prepared it, in the same round trip.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import orjson
from psycopg2.extras import register_default_json, register_default_jsonb
from sqlalchemy import Connection

from services.observability import tracing

PREPARED_KEY = "prepared"
SHARED_KEY = "shared"
"""Of a connection to a pooler, behind which other clients use the same sessions."""

_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)", re.IGNORECASE)
LONGEST_QUERY_TEXT = 500
"""Characters of a statement that a span has of it."""

# psycopg2 decodes json and jsonb by the standard library otherwise, which is slower
register_default_json(globally=True, loads=orjson.loads)
register_default_jsonb(globally=True, loads=orjson.loads)


Pooled = Any
"""A connection of SQLAlchemy's pool, whose types do not say what psycopg2's cursors can do more."""

Fetch = Callable[..., list[tuple[Any, ...]]]
"""Runs a :class:`Statement` with its values by name, and returns its rows.

Functions that read or write take one, and the caller decides what is a transaction:
``Database.fetch`` is one for each statement, ``Together.fetch`` one for several.
"""

Send = Callable[..., object]
"""Runs a statement whose rows nobody needs, such as ``Together.send`` or any :data:`Fetch`."""


# what the session says it has is right after a rollback, and after DISCARD ALL, too
_IF_MISSING = (
    "DO $do$BEGIN IF NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = '{name}') "
    "THEN EXECUTE $prepare${preparation}$prepare$; END IF; END$do$"
)


class Statement:
    """A statement with named values, such as ``SELECT name FROM users WHERE id = :user_id``.

    PostgreSQL infers the values' types from where they stand; one that may be null where no type
    can be inferred needs a cast.

    Args:
        sql: one statement; several, separated by semicolons, if it is not prepared.
        prepared: False if it is to be planned each time for its values. A prepared one is planned
            once for all (``plan_cache_mode=force_generic_plan``), which is wrong where a value
            decides which index pays, as in a search; and each different text stays in the
            memory of every connection.
    """

    def __init__(self, sql: str, prepared: bool = True):
        self.prepared = prepared
        self.names = tuple(dict.fromkeys(_NAME.findall(sql)))
        self.text = " ".join(_NAME.sub(self._place, sql).split())
        self.name = f"gym_{blake2b(self.text.encode(), digest_size=8).hexdigest()}"
        self.preparation = f"PREPARE {self.name} AS {self.text}"
        self.execution = self._execution() if prepared else self._literally(sql)
        table = _TABLE.search(self.text)
        verb = self.text.partition(" ")[0].upper()
        self.title = f"SQL {verb} {table[1] if table else ''}".rstrip()

    @property
    def preparation_if_missing(self) -> str:
        """What prepares the statement in a session that has not done so."""
        return _IF_MISSING.format(name=self.name, preparation=self.preparation)

    def _place(self, found: re.Match[str]) -> str:
        return f"${self.names.index(found[1]) + 1}"

    def _execution(self) -> str:
        values = ", ".join(f"%({name})s" for name in self.names)
        return f"EXECUTE {self.name} ({values})" if values else f"EXECUTE {self.name}"

    def _literally(self, sql: str) -> str:
        # psycopg2 takes a percent sign for a placeholder only where there are values at all
        escaped = sql.replace("%", "%%") if self.names else sql
        return " ".join(_NAME.sub(r"%(\1)s", escaped).split())


def fetch(connection: Connection, statement: Statement, **values: object) -> list[tuple[Any, ...]]:
    """Run a statement inside a transaction of SQLAlchemy, and return its rows.

    Args:
        connection: from :meth:`Database.transaction`.
        statement: which one.
        values: its values, by their names.
    """
    return run(connection.connection, statement, values)


def run(
    connection: Pooled, statement: Statement, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Run a statement on a connection of the pool, and return its rows."""
    info = connection.info
    with (
        tracing.inner_span(statement.title, {"db.query.text": statement.text[:LONGEST_QUERY_TEXT]}),
        connection.cursor() as cursor,
    ):
        if not statement.prepared:
            cursor.execute(statement.execution, values)
        elif SHARED_KEY in info:
            execution = cursor.mogrify(statement.execution, values)
            cursor.execute(b"%b; %b" % (statement.preparation_if_missing.encode(), execution))
        else:
            prepared = info.setdefault(PREPARED_KEY, set())
            if statement.name not in prepared:
                cursor.execute(statement.preparation)
                prepared.add(statement.name)
            cursor.execute(statement.execution, values)
        return cursor.fetchall() if cursor.description else []


class Together:
    """A transaction whose statements travel together, in as few round trips as there are results.

    psycopg2 takes a round trip for BEGIN, for each statement and for COMMIT. But it sends a text of
    several statements in one, and returns the rows of the last. So whatever needs no rows waits for
    the next statement that does.
    """

    def __init__(self, connection: Pooled):
        self._connection = connection
        self._is_shared = SHARED_KEY in connection.info
        # the next transaction may be in another session
        self._prepared: set[str] = (
            set() if self._is_shared else connection.info.setdefault(PREPARED_KEY, set())
        )
        self._newly_prepared: list[str] = []
        self._title = "SQL"
        self._begin_again()

    def send(self, statement: Statement, **values: object) -> None:
        """Queue a statement whose rows nobody needs; it runs with the next fetch or commit."""
        if statement.prepared and not self._has_prepared(statement):
            self._waiting.append(self._preparation_of(statement))
            self._newly_prepared.append(statement.name)
        with self._connection.cursor() as cursor:
            self._waiting.append(cursor.mogrify(statement.execution, values))
        self._title = statement.title

    def fetch(self, statement: Statement, **values: object) -> list[tuple[Any, ...]]:
        """Run all queued statements and this one, and return its rows."""
        self.send(statement, **values)
        return self._run()

    def commit(self) -> None:
        """Run what is still queued, and commit; nothing is sent if nothing was to be done."""
        if self.has_begun or len(self._waiting) > 1:
            self._waiting.append(b"COMMIT")
            self._run()
            self._begin_again()

    def commit_with(self, statement: Statement, **values: object) -> list[tuple[Any, ...]]:
        """Commit, and return the rows of a statement that reads after it, in one round trip."""
        self._waiting.append(b"COMMIT")
        self.send(statement, **values)
        rows = self._run()
        self._begin_again()
        return rows

    def roll_back(self) -> None:
        """Roll back.

        After a failed batch it is not known how far it got, so which of its PREPAREs have run:
        they survive a rollback, and a second one of the same name would be an error. So all are
        dropped.
        """
        if self._connection.dbapi_connection.closed:
            self._connection.invalidate()
        elif self._newly_prepared and not self._is_shared:
            self._execute("ROLLBACK; DEALLOCATE ALL")
            self._prepared.clear()
        elif self.has_begun:
            self._execute("ROLLBACK")
        self._newly_prepared = []
        self._begin_again()

    def _preparation_of(self, statement: Statement) -> bytes:
        shared = self._is_shared
        return (statement.preparation_if_missing if shared else statement.preparation).encode()

    def _has_prepared(self, statement: Statement) -> bool:
        return statement.name in self._prepared or statement.name in self._newly_prepared

    def _execute(self, text: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(text)

    def _begin_again(self) -> None:
        self._waiting = [b"BEGIN"]
        self.has_begun = False
        if self._is_shared:
            self._prepared.clear()

    def _run(self) -> list[tuple[Any, ...]]:
        self.has_begun = True
        text, self._waiting = b"; ".join(self._waiting), []
        with tracing.inner_span(self._title), self._connection.cursor() as cursor:
            cursor.execute(text)
            self._prepared.update(self._newly_prepared)
            self._newly_prepared = []
            return cursor.fetchall() if cursor.description else []
