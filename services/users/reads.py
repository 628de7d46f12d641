"""Reading accounts from PostgreSQL."""

from typing import Any

from services.transport.postgres.statements import Fetch, Statement
from services.users.tables import PROFILE, as_profile

_GET = Statement(f"SELECT {PROFILE} FROM users WHERE id = :user_id")
_FIND = Statement(f"SELECT {PROFILE}, password_hash FROM users WHERE email = :email")


def get(fetch: Fetch, user_id: int) -> dict[str, Any] | None:
    """Return a profile, or None."""
    rows = fetch(_GET, user_id=user_id)
    return as_profile(rows[0]) if rows else None


def find(fetch: Fetch, email: str) -> tuple[dict[str, Any], str] | None:
    """Return profile and password hash of the account with an e-mail, or None."""
    rows = fetch(_FIND, email=email)
    return (as_profile(rows[0]), rows[0][-1]) if rows else None
