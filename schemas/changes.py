"""The changes of a user's data: how clients name the place up to which they have them."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from schemas import scopes
from schemas.constraints import excerpt, validation_error
from schemas.errors import Conflict
from schemas.fields import IntegerParameter, about
from schemas.fields.base import BaseField
from schemas.limits import LARGEST_ID
from schemas.loading import Parameters
from schemas.pages import Feed


class Source(NamedTuple):
    """What has positions of its own.

    Attributes:
        service: whose it is.
        changes: the RPC method that returns changes after a position.
        position: the RPC method that returns the latest position.
        scope: what a personal access token needs for it.
    """

    service: str
    changes: str
    position: str
    scope: str


SOURCES = {
    "workouts": Source("workouts", "own_changes", "own_position", scopes.WORKOUTS_READ),
    "measurements": Source(
        "workouts", "measurement_changes", "measurement_position", scopes.WORKOUTS_READ
    ),
    "exercises": Source("exercises", "own_changes", "own_position", scopes.WORKOUTS_READ),
    "users": Source("users", "own_changes", "own_position", scopes.PROFILE_READ),
}
"""What clients follow, by what a cursor calls it, in the order of a list."""

OPERATIONS = PUT, DELETED = "put", "delete"
MOST_CHANGES = 100
LONGEST_CURSOR = 200
BEGINNING = "0"

Positions = Mapping[str, int]
"""Up to where a client has the changes of each source, by its name."""

_PART = re.compile(r"([a-z]{1,20})-(0|[1-9][0-9]{0,18})", re.ASCII)


class Cursor(BaseField):
    """A text that :func:`positions_at` understands."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = self._require_text(value)
        if positions_at(text) is None:
            raise validation_error(
                f"{self.label} must be 0, or the cursor of a change",
                "cursor",
                received=excerpt(value),
            )
        return text


class ChangeList(Parameters):
    """Query of the changes of what is one's own."""

    after = Cursor(
        load_default=BEGINNING,
        metadata=about("`cursor` of the last change that is known; `0` from the beginning."),
    )
    limit = IntegerParameter(
        min_value=1,
        max_value=MOST_CHANGES,
        load_default=MOST_CHANGES,
        metadata=about("How many changes at most."),
    )


class OwnChanges(Feed):
    """Where to read one source's changes of a user's data."""

    limit = IntegerParameter(min_value=1, max_value=MOST_CHANGES, load_default=MOST_CHANGES)


def cursor_at(positions: Positions) -> str:
    """Return the cursor of a place: of one place always the same, as clients compare them."""
    parts = [f"{name}-{positions[name]}" for name in SOURCES if positions.get(name)]
    return ".".join(parts) or BEGINNING


def positions_at(cursor: str) -> dict[str, int] | None:
    """Return the positions that a cursor names; None if it is none."""
    if cursor == BEGINNING:
        return {}
    parts = [_PART.fullmatch(part) for part in cursor[:LONGEST_CURSOR].split(".")]
    positions = {part[1]: int(part[2]) for part in parts if part}
    is_cursor = len(positions) == len(parts) and max(positions.values()) <= LARGEST_ID
    return positions if is_cursor else None


def expired(position: int) -> Conflict:
    """Return the error of a position that the changes have never been at."""
    details = {"constraint": "cursor", "received": position}
    message = "The cursor has expired: read the changes from 0"
    return Conflict(message, json.dumps(details))
