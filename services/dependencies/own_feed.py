"""A feed of what has changed of one user's things, as clients that keep a copy follow it.

Of each thing it has one row, with the latest change: a copy that begins empty reads each thing
once, as it is now. A row stays when its thing is deleted, so that this is told, too. Positions are
in the order of commits (docs/decisions/change-feed.md).
"""

from typing import Any

from orjson import Fragment

from schemas.changes import DELETED, PUT, OwnChanges, expired
from schemas.loading import load
from schemas.pages import checked_user
from services.dependencies.feed_gaps import is_lost
from services.transport.postgres.statements import Fetch, Statement

OWN_CHANGES = OwnChanges()


class OwnFeed:
    """Reads such a feed.

    Args:
        table: of the feed.
        changes: selects changes as JSON text (:func:`change_json`), of ``:user_id``, ``:after`` a
            position, the oldest first, ``:limit`` at most; none if :func:`is_lost` tells that
            the position is.
        last: selects the position of the latest one of ``:user_id``, or null.
    """

    def __init__(self, table: str, changes: str, last: str):
        self._changes = Statement(changes)
        self._last = Statement(last)
        self._place = Statement(f"SELECT ({last}), {is_lost(table, ':after')}")

    def read(self, fetch: Fetch, user_id: int, after: int, limit: int) -> list[Fragment]:
        """Return the changes after a position, as the RPC methods do, which check what is given.

        Raises:
            InvalidParameter: a value is not allowed.
            Conflict: nothing of the user was ever at this position, or what was is lost.
        """
        user_id = checked_user(user_id)
        values = load(OWN_CHANGES, {"after": after, "limit": limit})
        rows = fetch(self._changes, user_id=user_id, **values)
        if not rows:
            [(last, lost)] = fetch(self._place, user_id=user_id, after=values["after"])
            if lost or values["after"] > (last or 0):
                raise expired(values["after"])
        return [Fragment(text) for (text,) in rows]

    def position(self, fetch: Fetch, user_id: int) -> dict[str, Any]:
        """Return the position of the latest change, 0 if there is none.

        Raises:
            InvalidParameter: the id is none.
        """
        [(last,)] = fetch(self._last, user_id=checked_user(user_id))
        return {"position": last or 0}


def change_json(
    position: str, kind: str, thing_id: str, version: str, data: str, there: str
) -> str:
    """Return the expression of a change as JSON text, from other expressions.

    Args:
        position: where it is.
        kind: of the thing.
        thing_id: its id.
        version: of the thing as it is now.
        data: the thing.
        there: whether it is there.
    """
    return f"""
        json_build_object('position', {position}, 'kind', {kind}, 'id', {thing_id},
            'op', CASE WHEN {there} THEN '{PUT}' ELSE '{DELETED}' END, 'version', {version},
            'data', CASE WHEN {there} THEN {data} END)::text
    """
