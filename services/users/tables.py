"""The columns of an account that anybody is shown, and the roles it may have."""

from collections.abc import Mapping
from typing import Any

ADMIN = "admin"
USER = "user"

PROFILE = """
    id, email, name, role,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
"""


def profile(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a row as a profile."""
    return None if row is None else dict(row)
