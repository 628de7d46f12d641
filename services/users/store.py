"""Accounts in the database."""

from sqlalchemy import Connection, text

ADMIN = "admin"
USER = "user"

_PROFILE = """
    id, email, name, role,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
"""


def insert(
    connection: Connection, email: str, password_hash: str, name: str | None, role: str = USER
) -> dict | None:
    """Insert an account and return its profile, or None if the e-mail is taken.

    The unique index decides, so two registrations at the same moment can't both succeed.
    """
    row = connection.execute(
        text(
            "INSERT INTO users (email, password_hash, name, role) "
            "VALUES (:email, :password_hash, :name, :role) "
            f"ON CONFLICT (email) DO NOTHING RETURNING {_PROFILE}"
        ),
        {"email": email, "password_hash": password_hash, "name": name, "role": role},
    )
    return _profile(row.mappings().one_or_none())


def get(connection: Connection, user_id: int) -> dict | None:
    """Return a profile, or None."""
    row = connection.execute(
        text(f"SELECT {_PROFILE} FROM users WHERE id = :user_id"), {"user_id": user_id}
    )
    return _profile(row.mappings().one_or_none())


def find(connection: Connection, email: str) -> tuple[dict, str] | None:
    """Return the profile and the password's hash of whoever has an e-mail, or None."""
    row = connection.execute(
        text(f"SELECT {_PROFILE}, password_hash FROM users WHERE email = :email"),
        {"email": email},
    )
    account = _profile(row.mappings().one_or_none())
    return None if account is None else (account, account.pop("password_hash"))


def make_admin(connection: Connection, user_id: int) -> None:
    """Give an account the role of an administrator."""
    connection.execute(
        text("UPDATE users SET role = :role, updated_at = now() WHERE id = :user_id"),
        {"role": ADMIN, "user_id": user_id},
    )


def _profile(row: dict | None) -> dict | None:
    return None if row is None else dict(row)
