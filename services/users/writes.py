"""Writing accounts to PostgreSQL."""

from sqlalchemy import Connection, text

from services.users.tables import ADMIN, PROFILE, USER, profile


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
            f"ON CONFLICT (email) DO NOTHING RETURNING {PROFILE}"
        ),
        {"email": email, "password_hash": password_hash, "name": name, "role": role},
    )
    return profile(row.mappings().one_or_none())


def make_admin(connection: Connection, user_id: int) -> None:
    """Give an account the role of an administrator."""
    connection.execute(
        text("UPDATE users SET role = :role, updated_at = now() WHERE id = :user_id"),
        {"role": ADMIN, "user_id": user_id},
    )
