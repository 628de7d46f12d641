"""Receiving a file in pieces, and opening it again."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from schemas.constraints import excerpt
from schemas.errors import BusinessRuleViolation, Conflict, FaultyInput, InvalidParameter, fault
from schemas.imports import LARGEST_FILE, LARGEST_PIECE, MOST_PIECES
from services.dependencies.database import Database
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.imports import records

MOST_UNFINISHED = 50
"""Imports of a user that are not applied."""

SLICE = 4 * 1024
"""Bytes of a file after which other greenthreads have their turn: some milliseconds of reading."""

_BEGIN = Statement(
    f"""
    INSERT INTO imports (user_id, status, options)
    SELECT :user_id, '{records.RECEIVING}', :options
    WHERE (SELECT count(*) FROM imports WHERE user_id = :user_id AND status IN (
        '{records.RECEIVING}', '{records.READING}', '{records.PREVIEW}')) < {MOST_UNFINISHED}
    RETURNING id
    """
)
_ADD = Statement(
    f"""
    INSERT INTO import_pieces (import_id, number, content)
    SELECT id, :number, :content FROM imports
    WHERE user_id = :user_id AND id = :id AND status = '{records.RECEIVING}'
    ON CONFLICT (import_id, number) DO UPDATE SET content = excluded.content
    RETURNING number
    """
)
_RECEIVED = Statement(
    """
    SELECT count(*), coalesce(sum(length(content)), 0), coalesce(max(number), -1)
    FROM import_pieces WHERE import_id = :id
    """
)
_END = Statement(
    f"""
    UPDATE imports SET status = '{records.READING}', queued_at = clock_timestamp(),
        changed_at = now()
    WHERE id = :id
    """
)
_PIECE = Statement("SELECT content FROM import_pieces WHERE import_id = :id AND number = :number")


def begin(fetch: Fetch, user_id: int, options: dict[str, Any]) -> int:
    """Begin an import, and return its id.

    Raises:
        BusinessRuleViolation: too many of the user's imports are not applied.
    """
    rows = fetch(_BEGIN, user_id=user_id, options=json.dumps(options))
    if not rows:
        limit = {"constraint": "max_items", "max_items": MOST_UNFINISHED}
        message = f"There are {MOST_UNFINISHED} imports that are not applied; delete some first"
        raise BusinessRuleViolation(message, json.dumps(limit))
    import_id: int = rows[0][0]
    return import_id


def add(fetch: Fetch, user_id: int, import_id: int, number: int, content: object) -> int:
    """Store a piece of the file, and return how many bytes it has.

    Raises:
        InvalidParameter: the content is no base64, or too large.
        NotFound: there is no such import.
        Conflict: its file was received whole already.
    """
    if number >= MOST_PIECES:
        raise _too_large(received=number * LARGEST_PIECE)
    piece = _decoded(content)
    rows = fetch(_ADD, user_id=user_id, id=import_id, number=number, content=piece)
    if not rows:
        found = records.find(fetch, user_id, import_id)
        raise Conflict(f"The file was received already; the import is {found.status}")
    return len(piece)


def end(database: Database, user_id: int, import_id: int, pieces: int, size: int) -> str:
    """Have a file read that was received whole, and return the status of its import.

    Raises:
        InvalidParameter: it was not, or it is too large.
        NotFound: there is no such import.
    """
    with database.together() as transaction:
        found = records.lock(transaction.fetch, user_id, import_id)
        if found.status != records.RECEIVING:
            return found.status
        [(count, received, last)] = transaction.fetch(_RECEIVED, id=import_id)
        _check_whole(count, received, last, pieces, size)
        transaction.send(_END, id=import_id)
    return records.READING


def opener(
    fetch: Fetch, import_id: int, before_each: Callable[[], None], give_way: Callable[[], None]
) -> Callable[[], Iterator[bytes]]:
    """Return what opens a file; it comes in slices, between which others have their turn.

    Args:
        fetch: runs a statement.
        import_id: of the file.
        before_each: called before each piece is fetched.
        give_way: called before each slice.
    """

    def open_file() -> Iterator[bytes]:
        number = 0
        while True:
            before_each()
            rows = fetch(_PIECE, id=import_id, number=number)
            if not rows:
                return
            piece = bytes(rows[0][0])
            for place in range(0, len(piece), SLICE):
                give_way()
                yield piece[place : place + SLICE]
            number += 1

    return open_file


def _decoded(content: object) -> bytes:
    try:
        if not isinstance(content, str):
            raise ValueError
        piece = base64.b64decode(content, validate=True)
    except ValueError as problem:
        details = {"expected": "base64", "received": excerpt(content)}
        raise InvalidParameter.of(
            fault("content", "Content must be base64", "type", **details)
        ) from problem
    if len(piece) > LARGEST_PIECE:
        message = f"A piece must have at most {LARGEST_PIECE} bytes"
        limit = {"max_length": LARGEST_PIECE, "received": len(piece)}
        raise InvalidParameter.of(fault("content", message, "max_length", **limit))
    return piece


def _too_large(received: int) -> FaultyInput:
    message = f"A file must have at most {LARGEST_FILE} bytes"
    limit = {"max_length": LARGEST_FILE, "received": received}
    return InvalidParameter.of(fault("size", message, "max_length", **limit))


def _check_whole(count: int, received: int, last: int, pieces: int, size: int) -> None:
    if size > LARGEST_FILE:
        raise _too_large(size)
    for name, given, there in (("pieces", pieces, count), ("size", size, received)):
        if given != there or last != count - 1:
            message = f"{name.capitalize()} must be {there}, as so much was received"
            limit = {"required": int(there), "received": given}
            raise InvalidParameter.of(fault(name, message, "one_of", **limit))
