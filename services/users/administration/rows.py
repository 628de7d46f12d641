"""Accounts as administrators see and change them, in PostgreSQL."""

from typing import Any

from schemas.roles import ADMIN
from services.transport.postgres.statements import Fetch, Statement
from services.users.tables import PROFILE, as_profile

_COLUMNS = f"{PROFILE}, disabled_at IS NOT NULL"
_FOUND = "WHERE email LIKE lower(:pattern) OR name ILIKE :pattern"
_GET = Statement(f"SELECT {_COLUMNS} FROM users WHERE id = :user_id")
# All are locked in the same order. Of two administrators who disable each other the second waits,
# and does not see the first among those that are left.
_LOCK_ADMINISTRATORS = Statement(
    f"""
    SELECT id FROM users WHERE role = '{ADMIN}' AND disabled_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
    """
)
_UPDATE = Statement(
    f"""
    UPDATE users SET role = :role, updated_at = now(),
        disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END
    WHERE id = :user_id
    RETURNING {_COLUMNS}
    """
)


def get(fetch: Fetch, user_id: int) -> dict[str, Any] | None:
    """Return an account, or None."""
    rows = fetch(_GET, user_id=user_id)
    return _shown(rows[0]) if rows else None


def list_page(
    fetch: Fetch, q: str | None, sort: list[tuple[str, str]], page: int, limit: int
) -> dict[str, Any]:
    """Return a page of the accounts.

    Args:
        fetch: runs a statement.
        q: part of the e-mail or of the name; None for all.
        sort: fields and directions.
        page: from 1.
        limit: accounts on a page.
    """
    values = {} if q is None else {"pattern": f"%{_escaped(q)}%"}
    where = "" if q is None else _FOUND
    order = ", ".join(f"{field} {direction} NULLS LAST" for field, direction in sort)
    # not prepared: there are many of them, and seldom any
    several = Statement(
        f"SELECT {_COLUMNS} FROM users {where} ORDER BY {order}, id LIMIT :limit OFFSET :skipped",
        prepared=False,
    )
    rows = fetch(several, limit=limit, skipped=(page - 1) * limit, **values)
    [(total,)] = fetch(Statement(f"SELECT count(*) FROM users {where}", prepared=False), **values)
    return {"items": [_shown(row) for row in rows], "total": total}


def lock_administrators(fetch: Fetch) -> set[int]:
    """Return the ids of the administrators who can sign in, which stays so in the transaction."""
    return {user_id for (user_id,) in fetch(_LOCK_ADMINISTRATORS)}


def update(fetch: Fetch, user_id: int, role: str, disabled: bool) -> dict[str, Any]:
    """Set role and state of an account that there is, and return it."""
    [row] = fetch(_UPDATE, user_id=user_id, role=role, disabled=disabled)
    return _shown(row)


def _shown(row: tuple) -> dict[str, Any]:
    return {**as_profile(row), "disabled": row[-1]}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
