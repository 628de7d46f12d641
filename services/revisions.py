"""Which migration a service's database has, without Alembic.

Importing Alembic takes about as long as the rest of a service's start, and after most starts there
is nothing to migrate.
"""

from pathlib import Path

import psycopg2

from services.process.settings import DatabaseAddress
from services.restoring.marks import IS_MARKED
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import missing_settings

SERVICES = Path(__file__).parent


def directory(name: str) -> Path:
    """Return the directory of a service's migrations."""
    return SERVICES / name / "migrations" / "versions"


def latest(name: str) -> str:
    """Return the latest revision that this version knows: the files begin with theirs."""
    return max(path.name.partition("_")[0] for path in directory(name).glob("[0-9]*.py"))


def is_latest(name: str, address: DatabaseAddress) -> bool:
    """Return whether a database has the latest revision.

    False also if it can't be read, or was never migrated. A revision is there only when its
    migration was committed, so this needs no lock. False, too, while it is being restored, and
    while its role lacks the settings that sessions of a pooler need.

    Args:
        name: the service.
        address: of the service's database.
    """
    try:
        connection = connect(address)
    except psycopg2.Error:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT version_num, ({IS_MARKED}) FROM alembic_version")
            if cursor.fetchall() != [(latest(name), False)]:
                return False
        return not (address.pooler and missing_settings(connection))
    except psycopg2.Error:
        return False
    finally:
        connection.close()
