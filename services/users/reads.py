"""Reading accounts from PostgreSQL."""

from sqlalchemy import Connection, text

from services.users.tables import PROFILE, profile


def get(connection: Connection, user_id: int) -> dict | None:
    """Return a profile, or None."""
    row = connection.execute(
        text(f"SELECT {PROFILE} FROM users WHERE id = :user_id"), {"user_id": user_id}
    )
    return profile(row.mappings().one_or_none())


def find(connection: Connection, email: str) -> tuple[dict, str] | None:
    """Return the profile and the password's hash of whoever has an e-mail, or None."""
    row = connection.execute(
        text(f"SELECT {PROFILE}, password_hash FROM users WHERE email = :email"),
        {"email": email},
    )
    account = profile(row.mappings().one_or_none())
    return None if account is None else (account, account.pop("password_hash"))
