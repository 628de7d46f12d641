"""Writing accounts to PostgreSQL."""

from typing import Any

from schemas.roles import ADMIN, USER
from services.transport.postgres.statements import Fetch, Statement
from services.users.tables import PROFILE, as_profile

_INSERT = Statement(
    f"""
    INSERT INTO users (email, password_hash, name, role)
    VALUES (:email, :password_hash, :name, :role)
    ON CONFLICT (email) DO NOTHING RETURNING {PROFILE}
    """
)
_MAKE_FIRST_ADMIN = Statement(
    """
    UPDATE users SET role = :role, updated_at = now()
    WHERE id = :user_id
        AND NOT EXISTS (SELECT FROM users WHERE role = :role AND disabled_at IS NULL)
    RETURNING id
    """
)


def insert(
    fetch: Fetch, email: str, password_hash: str, name: str | None, role: str = USER
) -> dict[str, Any] | None:
    """Insert an account and return its profile, or None if the e-mail is taken.

    The unique index decides, so two registrations at the same moment can't both succeed.
    """
    rows = fetch(_INSERT, email=email, password_hash=password_hash, name=name, role=role)
    return as_profile(rows[0]) if rows else None


def make_first_admin(fetch: Fetch, user_id: int) -> bool:
    """Give an account the role of an administrator if nobody with it can sign in.

    Returns:
        Whether it has it now.
    """
    return bool(fetch(_MAKE_FIRST_ADMIN, user_id=user_id, role=ADMIN))
