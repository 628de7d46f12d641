"""Makes databases into which a backup was copied fit to go on with."""

from collections.abc import Mapping

from services.migrate import migrate
from services.process.settings import DatabaseAddress, Settings
from services.restoring import caches, erasures, feeds, marks
from services.restoring.connecting import connected
from services.transport.postgres.unpooled import run

# a token that belongs to no session counts by when it was issued
_END_SESSIONS = ("DELETE FROM sessions", "UPDATE users SET sessions_ended_at = now()")


def finish(
    addresses: Mapping[str, DatabaseAddress], settings: Settings, sign_out: bool = False
) -> None:
    """Migrate databases that were restored, and let services start on them again.

    Args:
        addresses: of the databases, by service.
        settings: says where the Redis of caches is, and which cells there are.
        sign_out: whether all sessions end, which may have ended after the backup, too.

    Raises:
        CannotRestore: a server can't be reached; the databases stay marked.
    """
    for name, address in addresses.items():
        migrate(name, address, is_restored=True)
        with connected(address) as connection:
            # all or nothing, since a second time would move all ids ahead again
            connection.autocommit = False
            with connection:
                feeds.move_ahead(connection, name)
                if name == "users":
                    erasures.put_up_again(connection, settings.cells)
                    for statement in _END_SESSIONS if sign_out else ():
                        run(connection, statement)
            connection.autocommit = True
            # a copy has no statistics, and would be read by bad plans at first
            run(connection, "ANALYZE")
    caches.empty(settings)
    for address in addresses.values():
        with connected(address) as connection:
            run(connection, marks.TAKE_DOWN)
