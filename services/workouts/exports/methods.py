"""The RPC method of exports."""

from datetime import date
from typing import Any

from schemas.exports import HEVY, JSON, ExportQuery
from schemas.loading import load
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Fetch, Statement
from services.workouts import rules
from services.workouts.exports import pages, starts
from services.workouts.exports.formats import FORMATS
from services.workouts.exports.private import mark, private_ids

EXPORT_QUERY = ExportQuery()

LARGEST = 128 * 1024
"""Characters of a part, after which no further workout is put into it."""

_USUAL_UNIT = Statement(
    """
    SELECT s.unit FROM exercise_sets s WHERE s.user_id = :user_id AND s.weight IS NOT NULL
    GROUP BY s.unit ORDER BY count(*) DESC, s.unit LIMIT 1
    """
)


class ExportMethods:
    """The part of the workouts service that writes a user's workouts as files."""

    database: Database
    _entries: Any

    @rpc
    def export(
        self, user_id: int, cursor: dict[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        """Return the next part of a file with a user's workouts, oldest first.

        Args:
            user_id: the owner.
            cursor: ``next`` of the part before; None for the first.
            query: ``format`` (``json``, ``strong``, ``hevy``) and, optionally, ``date_from`` and
                ``date_to`` (``"2025-02-16"``, inclusive); the same for each part.

        Returns:
            ``{"text", "next"}``: about 100 KB, and what to ask for the next part with; None if this
            is the last one. A workout that is changed meanwhile is as it is when its part is read.

        Raises:
            InvalidParameter: a value is not allowed.
            BusinessRuleViolation: ``date_from`` is after ``date_to``.
            ServiceUnavailable: the exercises service is away, which tells for ``json`` what
                exercises are private.

        Example:
            ``n.rpc.workouts.export(1, format="strong")``
        """
        values = load(EXPORT_QUERY, query)
        user_id = checked_user(user_id)
        days = values.get("date_from"), values.get("date_to")
        rules.check_range(*days)
        # the cursor of the version before has none
        private = (cursor or {}).get("private")
        if private is None and values["format"] == JSON:
            private = private_ids(self.database.fetch, self._entries, user_id)
        return _part(self.database.fetch, user_id, values["format"], days, cursor, private)


def _part(
    fetch: Fetch,
    user_id: int,
    name: str,
    days: tuple[date | None, date | None],
    cursor: dict[str, Any] | None,
    private: list[int] | None,
) -> dict[str, Any]:
    written, own = FORMATS[name], {*(private or ())}
    if cursor is None:
        unit, after = _unit(fetch, user_id) if name == HEVY else "kg", pages.FIRST
        text, last = written.head(unit), None
    else:
        unit, after, text = cursor["unit"], cursor["after"], ""
        # that of the version before has no last
        last = cursor.get("last")
    found = pages.page(fetch, user_id, days, after)
    if not found:
        return {"text": text + written.tail, "next": None}
    goes_on = cursor is not None
    for workout, place in found:
        moved, last = starts.move(workout, last, written.step)
        text += written.body(mark(workout, own), moved, unit, goes_on)
        goes_on, after = True, place
        if len(text) > LARGEST:
            break
    following = {"unit": unit, "after": after, "last": last, "private": private}
    return {"text": text, "next": following}


def _unit(fetch: Fetch, user_id: int) -> str:
    """Return the unit of most of a user's weights."""
    found = fetch(_USUAL_UNIT, user_id=user_id)
    return found[0][0] if found else "kg"
