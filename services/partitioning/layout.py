"""The partitioned tables, made from what the catalogue of PostgreSQL says of the others.

So they have whatever later migrations have given to those. What differs:

- A unique key has to have ``user_id`` in it. That of the workouts' ids becomes an index; ids are
  unique by their sequence.
- Each partition of a table refers to the partition of the other table that has the same users, and
  not to the whole of it. So a set is checked as quickly as before, and the keys can be validated
  without a lock, which PostgreSQL does not do for a partitioned table before version 18.
- Columns with an identity get a sequence of the same name as their default, as PostgreSQL
  has no identities of partitioned tables before version 17.
"""

import re
from dataclasses import dataclass

from services.partitioning.connecting import CannotPartition
from services.transport.postgres.unpooled import Connection, run

PARTS = 16
KEY = "user_id"
NEW = "partitioned_"
"""What the names of tables, indexes and sequences begin with until they take the others' place."""


@dataclass(frozen=True)
class Table:
    """A table that is partitioned.

    Attributes:
        name: its name.
        key: the columns of its primary key.
        parent: the name of the table that its rows are parts of.
    """

    name: str
    key: tuple[str, ...]
    parent: str | None = None

    @property
    def new(self) -> str:
        """The name of the partitioned table, until it takes the place of the other."""
        return NEW + self.name

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its partitions, by their remainder."""
        return tuple(f"{self.name}_{part:02}" for part in range(PARTS))


WORKOUTS = Table("workouts", (KEY, "id"))
EXERCISES = Table("workout_exercises", (KEY, "id"), parent="workouts")
SETS = Table("exercise_sets", (KEY, "workout_exercise_id", "set_number"), "workout_exercises")
TABLES = (WORKOUTS, EXERCISES, SETS)
"""Parents before their children."""

NAMES = {table.name: table for table in TABLES}
UNIQUE_BY_SEQUENCE = ("workouts_id_key",)

_KIND = "SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)"
_CONSTRAINTS = """
    SELECT conname, contype, pg_get_constraintdef(oid),
        ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS keys (number, place)
              JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
        confrelid::regclass::text
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f', 'x')
    ORDER BY conname
"""
_INDEXES = """
    SELECT relname, indisunique, pg_get_indexdef(indexrelid),
        %s = ANY(ARRAY(SELECT attname::text FROM pg_attribute
                       WHERE attrelid = indrelid AND attnum = ANY(indkey)))
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    WHERE indrelid = %s::regclass AND indisvalid
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
    ORDER BY relname
"""
_IDENTITIES = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attidentity <> '' AND NOT attisdropped
"""
_REFERRING = """
    SELECT conrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confrelid = ANY(%s::regclass[]) AND conrelid <> ALL(%s::regclass[])
"""
_VIEWS = """
    SELECT DISTINCT ev_class::regclass::text
    FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = ANY(%s::regclass[])
"""
_RIGHTS = """
    SELECT format('GRANT %%s ON %%I TO %%s', privilege_type, %s,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_class, aclexplode(relacl)
    WHERE oid = %s::regclass AND grantee <> relowner
"""
_SHAPE = f"""
    SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT replace(relname, '{NEW}', ''), 'index'
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = %s::regclass ORDER BY 1, 2
"""
_COLUMNS = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"


def is_partitioned(connection: Connection, table: Table) -> bool:
    """Return whether a table is partitioned already.

    Raises:
        CannotPartition: there is no such table.
    """
    found = run(connection, _KIND, table.name)
    if not found:
        raise CannotPartition(f"there is no table {table.name}: migrate first")
    return found == [("p",)]


def is_made(connection: Connection, name: str) -> bool:
    """Return whether there is a table, index or sequence."""
    return bool(run(connection, _KIND, name))


def check(connection: Connection) -> None:
    """Check whether the tables are as partitions can be.

    Raises:
        CannotPartition: they are not.
    """
    names = [*NAMES]
    if referring := run(connection, _REFERRING, names, names):
        raise CannotPartition(f"{referring[0][0]} has a foreign key to what is to be partitioned")
    if views := run(connection, _VIEWS, names):
        raise CannotPartition(f"the view {views[0][0]} is of what is to be partitioned")
    for table in TABLES:
        for name, kind, _, columns, _ in run(connection, _CONSTRAINTS, table.name):
            if (KEY not in columns and name not in UNIQUE_BY_SEQUENCE) or kind == "x":
                raise CannotPartition(f"the constraint {name} of {table.name} has no {KEY}")
        for name, is_unique, _, has_key in run(connection, _INDEXES, KEY, table.name):
            if is_unique and not has_key:
                raise CannotPartition(f"the unique index {name} of {table.name} has no {KEY}")


def statements_to_make(connection: Connection, table: Table) -> list[str]:
    """Return what makes a partitioned table with its partitions, sequence and indexes."""
    made = [
        f"CREATE TABLE {table.new} (LIKE {table.name} {_COLUMNS}) PARTITION BY HASH ({KEY})",
        *(
            f"CREATE TABLE {name} PARTITION OF {table.new} "
            f"FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            for part, name in enumerate(table.parts)
        ),
    ]
    for (column,) in run(connection, _IDENTITIES, table.name):
        sequence = sequence_of(table, column)
        made += [
            f"CREATE SEQUENCE {NEW}{sequence} OWNED BY {table.new}.{column}",
            f"ALTER TABLE {table.new} ALTER {column} SET DEFAULT nextval('{NEW}{sequence}')",
        ]
    for name, kind, definition, columns, _ in run(connection, _CONSTRAINTS, table.name):
        if name in UNIQUE_BY_SEQUENCE:
            made.append(f"CREATE INDEX {NEW}{name} ON {table.new} ({', '.join(columns)})")
        elif kind != "f":
            made.append(f"ALTER TABLE {table.new} ADD CONSTRAINT {NEW}{name} {definition}")
    for name, _, definition, _ in run(connection, _INDEXES, KEY, table.name):
        made.append(
            re.sub(
                r"INDEX \S+ ON \S+ USING",
                f"INDEX {NEW}{name} ON {table.new} USING",
                definition,
                count=1,
            )
        )
    for part in (table.new, *table.parts):
        made += [grant for (grant,) in run(connection, _RIGHTS, part, table.name)]
    return made


def check_alike(connection: Connection, table: Table) -> None:
    """Check whether a partitioned table that is already there has what the other has.

    Raises:
        CannotPartition: a migration has changed the other since.
    """
    if _shape(connection, table.new) != _shape(connection, table.name):
        raise CannotPartition(
            f"{table.name} was migrated since its partitions were made: begin anew with --abandon"
        )


def _shape(connection: Connection, name: str) -> list[tuple]:
    return run(connection, _SHAPE, name, name)


def sequence_of(table: Table, column: str) -> str:
    """Return the name of the sequence that a column's values are from."""
    return f"{table.name}_{column}_seq"


def foreign_keys(connection: Connection, table: Table) -> list[tuple[str, str, str]]:
    """Return the foreign keys of the partitions of a table.

    Returns:
        Of each the partition, the name, and the definition, which leads to the partition of the
        other table that has the same users.
    """
    found = []
    for name, kind, definition, _, other in run(connection, _CONSTRAINTS, table.name):
        if kind == "f":
            parts = zip(table.parts, NAMES[other].parts, strict=True)
            found += [
                (part, name, definition.replace(f"REFERENCES {other}(", f"REFERENCES {into}("))
                for part, into in parts
            ]
    return found


def names_of_indexes(connection: Connection, table: Table) -> list[str]:
    """Return the names of all indexes of a partitioned table that is to take another's place."""
    question = """
        SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE indrelid = %s::regclass
    """
    return [name for (name,) in run(connection, question, table.new)]
