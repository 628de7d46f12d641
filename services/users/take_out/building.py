"""Making the zip of the parts that the services have given."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from schemas.take_outs import READY, UNDER_WAY
from services.dependencies.database import Database
from services.process.failpoints import failpoint
from services.process.turns import Turns
from services.transport.postgres.statements import Statement
from services.users.take_out.leases import Lease, LeaseLost
from services.users.take_out.page import make_page
from services.users.take_out.records import HOURS_KEPT

PIECE = 128 * 1024
"""Bytes of a piece, in which a client gets the zip."""

SLICE = 32 * 1024
"""Characters that are compressed at once: about a millisecond."""

REST = 0.3
"""Seconds of rest for each second of compressing, in which requests find a free core."""

_PARTS_AT_ONCE = 100

_ABOUT = Statement(
    """
    SELECT a.key, a.value FROM take_out_parts p, json_each_text(p.about) a
    WHERE p.take_out_id = :id
    ORDER BY array_position(CAST(:services AS text[]), p.service::text), p.position
    """
)
_FILES = Statement(
    """
    SELECT f.name, p.service, min(p.position), max(p.position)
    FROM take_out_parts p, unnest(p.names) AS f (name)
    WHERE p.take_out_id = :id GROUP BY f.name, p.service
    ORDER BY array_position(CAST(:services AS text[]), p.service::text), min(p.position), f.name
    """
)
_TEXT = Statement(
    """
    SELECT files ->> :file FROM take_out_parts
    WHERE take_out_id = :id AND service = :service AND position = :position
    """
)
_STORE = Statement(
    """
    INSERT INTO take_out_pieces (take_out_id, position, content)
    VALUES (:id, :position, :content)
    """
)
_FORGET_PIECES = Statement("DELETE FROM take_out_pieces WHERE take_out_id = :id")
_IS_READY = Statement(
    f"""
    UPDATE take_outs SET status = '{READY}', ready_at = now(), bytes = :bytes,
        expires_at = now() + interval '{HOURS_KEPT} hours'
    WHERE id = :id
    """
)
_FORGET_PARTS = Statement(
    f"""
    DELETE FROM take_out_parts p USING (
        SELECT s.take_out_id, s.service, s.position FROM take_out_parts s
        JOIN take_outs t ON t.id = s.take_out_id
        WHERE t.status <> '{UNDER_WAY}' LIMIT {_PARTS_AT_ONCE}) old
    WHERE (p.take_out_id, p.service, p.position) = (old.take_out_id, old.service, old.position)
    RETURNING p.position
    """
)


def build(lease: Lease, services: Sequence[str]) -> None:
    """Make the zip of a take-out all parts of which are there, and call it ready.

    Args:
        lease: of the take-out.
        services: the names of those that have given parts, in the order of their files.

    Raises:
        LeaseLost: another process has taken it over, or the user is gone.
    """
    with lease.database.together() as transaction:
        lease.hold(transaction)
        # of a process that died
        transaction.send(_FORGET_PIECES, id=lease.id)
    pieces = _Pieces(lease)
    # typeshed wants more of a file than ZipFile does
    with ZipFile(cast(IO[bytes], pieces), "w") as made:
        _write(made, lease, services)
    pieces.close()
    failpoint("users.take_out_built")
    with lease.database.together() as transaction:
        lease.hold(transaction)
        transaction.send(_IS_READY, id=lease.id, bytes=pieces.size)
    forget_parts(lease.database)


def forget_parts(database: Database) -> None:
    """Delete the parts of which a zip was made."""
    while len(database.fetch(_FORGET_PARTS)) == _PARTS_AT_ONCE:
        pass


def _write(made: ZipFile, lease: Lease, services: Sequence[str]) -> None:
    now = datetime.now(UTC)
    turns = Turns(REST)
    about = lease.database.fetch(_ABOUT, id=lease.id, services=list(services))
    page = make_page(about, now.date().isoformat())
    for name, texts in (("index.html", iter([page])), *_files(lease, services)):
        entry = ZipInfo(name, now.timetuple()[:6])
        entry.compress_type = ZIP_DEFLATED
        with made.open(entry, "w", force_zip64=True) as opened:
            for text in texts:
                for place in range(0, len(text), SLICE):
                    turns.give_way()
                    lease.renew()
                    opened.write(text[place : place + SLICE].encode())


def _files(lease: Lease, services: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    rows = lease.database.fetch(_FILES, id=lease.id, services=list(services))
    for name, service, first, last in rows:
        yield name, _texts(lease, name, service, range(first, last + 1))


def _texts(lease: Lease, name: str, service: str, positions: range) -> Iterator[str]:
    for position in positions:
        rows = lease.database.fetch(
            _TEXT, id=lease.id, service=service, position=position, file=name
        )
        if not rows:
            raise LeaseLost
        yield rows[0][0]


class _Pieces:
    """A file that can only be written to, and whose pieces are stored as they become full.

    ``ZipFile`` asks such a file for no place, and writes sizes behind each entry.
    """

    def __init__(self, lease: Lease):
        self.size = 0
        self._lease = lease
        self._buffer = bytearray()
        self._count = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) >= PIECE:
            self._store(bytes(self._buffer[:PIECE]))
            del self._buffer[:PIECE]
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is not full waits for :meth:`close`."""

    def close(self) -> None:
        """Store what is left."""
        if self._buffer:
            self._store(bytes(self._buffer))
            self._buffer.clear()

    def _store(self, content: bytes) -> None:
        with self._lease.database.together() as transaction:
            self._lease.hold(transaction)
            transaction.send(_STORE, id=self._lease.id, position=self._count, content=content)
        self._count += 1
