"""Imports as they are stored: finding, listing, and what a client sees of one."""

from typing import Any, NamedTuple

from schemas.errors import NotFound
from schemas.imports import GYM
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.imports.reading.findings import MOST
from services.workouts.imports.reading.row import Units

RECEIVING, READING, PREVIEW = "receiving", "reading", "preview"
APPLYING, APPLIED = "applying", "applied"
UNDOING, UNDONE, FAILED = "undoing", "undone", "failed"
WORKING = (READING, APPLYING, UNDOING)
"""Statuses in which there is something to do in the background."""

WORKING_SQL = ", ".join(f"'{status}'" for status in WORKING)
_NOTHING_TO_SHOW: dict[str, Any] = {"list": [], "count": 0}

# the other import of the user that is worked on first, if there is one
_WAITS_FOR = f"""
    CASE WHEN i.status IN ({WORKING_SQL}) THEN (
        SELECT min(o.id) FROM imports o
        WHERE o.user_id = i.user_id AND o.status IN ({WORKING_SQL})
          AND (o.queued_at, o.id) < (i.queued_at, i.id)) END
"""
COLUMNS = f"""
    i.id, i.user_id, i.status, i.options, i.recognised, i.needs, i.counts, i.findings, i.error,
    i.done, i.total, i.position, i.added, i.updated, i.kept, {_WAITS_FOR},
    {instant("i.created_at")}, {instant("i.applied_at")}
"""

_FIND = Statement(f"SELECT {COLUMNS} FROM imports i WHERE i.user_id = :user_id AND i.id = :id")
_LOCK = Statement(
    f"SELECT {COLUMNS} FROM imports i WHERE i.user_id = :user_id AND i.id = :id FOR UPDATE"
)
_PAGE = Statement(
    f"""
    SELECT {COLUMNS} FROM imports i WHERE i.user_id = :user_id
    ORDER BY i.id DESC LIMIT :limit OFFSET :offset
    """
)
_COUNT = Statement("SELECT count(*) FROM imports WHERE user_id = :user_id")


class Import(NamedTuple):
    """An import; the columns of its table, and ``waits_for``."""

    id: int
    user_id: int
    status: str
    options: dict[str, Any]
    recognised: dict[str, Any] | None
    needs: list[str] | None
    counts: dict[str, int] | None
    findings: dict[str, Any] | None
    error: dict[str, Any] | None
    done: int
    total: int
    position: int
    added: int
    updated: int
    kept: int
    waits_for: int | None
    created_at: str
    applied_at: str | None

    @property
    def units(self) -> Units:
        """The units that the user has given."""
        return Units(self.options.get("weight_unit"), self.options.get("distance_unit"))

    @property
    def is_own_export(self) -> bool:
        """Whether the file is one of our own exports."""
        return (self.recognised or {}).get("source") == GYM

    @property
    def missing(self) -> list[str]:
        """What the file needs and the user has not given yet."""
        return [name for name in self.needs or [] if not self.options.get(name)]

    def shown(self) -> dict[str, Any]:
        """Return what a list of imports has of it."""
        return {
            "id": self.id,
            "name": self.options.get("name"),
            "source": (self.recognised or {}).get("source"),
            "status": self.status,
            "waits_for": self.waits_for,
            "progress": self._progress(),
            "counts": self.counts,
            "added": self.added,
            "updated": self.updated,
            "kept": self.kept,
            "error": self.error,
            "created_at": self.created_at,
            "applied_at": self.applied_at,
        }

    def shown_whole(self, names: list[dict[str, Any]]) -> dict[str, Any]:
        """Return all that a client sees of it.

        Args:
            names: the names of exercises in the file, with what they would become.
        """
        found = self.findings or {}
        faults, warnings, times = (
            found.get(key, _NOTHING_TO_SHOW) for key in ("faults", "warnings", "times")
        )
        return self.shown() | {
            "recognised": self.recognised,
            "needs": self.missing,
            "options": {key: value for key, value in self.options.items() if key != "name"},
            "faults": faults["list"],
            "fault_count": faults["count"],
            "warnings": (warnings["list"] + times["list"])[:MOST],
            "warning_count": warnings["count"] + times["count"],
            "names": names,
        }

    def _progress(self) -> int:
        if self.status == RECEIVING:
            return 0
        if self.status not in WORKING:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0


def find(fetch: Fetch, user_id: int, import_id: int) -> Import:
    """Return an import of a user.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    return _only(fetch(_FIND, user_id=user_id, id=import_id))


def lock(fetch: Fetch, user_id: int, import_id: int) -> Import:
    """Return an import of a user, locked until the end of the transaction; see :func:`find`."""
    return _only(fetch(_LOCK, user_id=user_id, id=import_id))


def page(fetch: Fetch, user_id: int, number: int, limit: int) -> dict[str, Any]:
    """Return a page of a user's imports, newest first, and the number of all."""
    rows = fetch(_PAGE, user_id=user_id, limit=limit, offset=(number - 1) * limit)
    ((total,),) = fetch(_COUNT, user_id=user_id)
    return {"items": [Import(*row).shown() for row in rows], "total": total}


def _only(rows: list[tuple[Any, ...]]) -> Import:
    if not rows:
        raise NotFound("There is no such import")
    return Import(*rows[0])
