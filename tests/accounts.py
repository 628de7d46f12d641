"""Accounts that tests make in the database, where registering would say too little or take long."""

from tests.stack.version_before import rows


def open_account(system, user_id):
    """Give a user id an account that nobody can log in to."""
    rows(
        system,
        "users",
        f"""
        INSERT INTO users (id, email, password_hash) OVERRIDING SYSTEM VALUE
        VALUES ({user_id}, 'account-{user_id}@example.com', '') ON CONFLICT DO NOTHING
        """,
    )
