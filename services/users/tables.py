"""The columns of an account that anybody is shown."""

from typing import Any

from services.transport.postgres.expressions import instant

_FIELDS = ("id", "email", "name", "role", "created_at")

PROFILE = f"""
    id, email, name, role,
    {instant("created_at")}
"""
"""Column by column, so that the hash of the password is in no profile by accident."""


def as_profile(row: tuple) -> dict[str, Any]:
    """Return a row of :data:`PROFILE`, and maybe more behind it, as a profile."""
    return dict(zip(_FIELDS, row, strict=False))
