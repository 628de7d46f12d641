"""What the users service itself holds of a user, for them to take along."""

from typing import Any

from services.dependencies.taking_out import Document, Table, part
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Statement

_ACCOUNT = Statement(
    f"""
    SELECT json_build_object('id', id, 'email', email, 'name', name, 'role', role,
        'time_zone', time_zone, 'weight_unit', weight_unit, 'week_start', week_start,
        'one_rep_max_formula', one_rep_max_formula, 'weekly_goal', weekly_goal,
        'weekly_sets_least', weekly_sets_least, 'weekly_sets_most', weekly_sets_most,
        'locale', locale, 'weekly_summary_mail', weekly_summary_mail,
        'created_at', {instant("created_at")}, 'updated_at', {instant("updated_at")},
        'disabled_at', {instant("disabled_at")})
    FROM users WHERE id = :user_id
    """
)
_SESSIONS = Statement(
    f"""
    SELECT json_build_object('id', id, 'device', device, 'address', address,
        'created_at', {instant("created_at")}, 'last_used_at', {instant("last_used_at")},
        'expires_at', {instant("expires_at")})
    FROM sessions WHERE user_id = :user_id ORDER BY id
    """
)
# column by column, so that the hash of a token is in no file by accident
_TOKENS = Statement(
    f"""
    SELECT json_build_object('id', id, 'name', name, 'scopes', scopes,
        'created_at', {instant("created_at")}, 'expires_at', {instant("expires_at")},
        'last_used_at', {instant("last_used_at")})
    FROM personal_tokens WHERE user_id = :user_id ORDER BY id
    """
)


def _account(fetch: Fetch, user_id: int, _after: None) -> tuple[list[Document], None]:
    return _all(fetch, _ACCOUNT, user_id), None


def _sessions(fetch: Fetch, user_id: int, _after: None) -> tuple[list[Document], None]:
    return _all(fetch, _SESSIONS, user_id), None


def _tokens(fetch: Fetch, user_id: int, _after: None) -> tuple[list[Document], None]:
    return _all(fetch, _TOKENS, user_id), None


def _all(fetch: Fetch, statement: Statement, user_id: int) -> list[Document]:
    return [document for (document,) in fetch(statement, user_id=user_id)]


TABLES = (
    Table(
        "account",
        "Your account and its settings. Your password is kept as a hash that nothing leads back "
        "from, and is in no file.",
        [
            *("id", "email", "name", "role", "time_zone", "weight_unit", "week_start"),
            *("one_rep_max_formula", "weekly_goal", "weekly_sets_least", "weekly_sets_most"),
            *("locale", "weekly_summary_mail"),
            *("created_at", "updated_at", "disabled_at"),
        ],
        _account,
        stored_in=["users"],
    ),
    Table(
        "sessions",
        "Where you are signed in: devices, addresses, and when each was used last.",
        ["id", "device", "address", "created_at", "last_used_at", "expires_at"],
        _sessions,
        stored_in=["sessions"],
    ),
    Table(
        "personal_tokens",
        "The tokens that you have made for programs, with what they may do. The tokens themselves "
        "are not kept.",
        ["id", "name", "scopes", "created_at", "expires_at", "last_used_at"],
        _tokens,
        stored_in=["personal_tokens"],
    ),
)

LEFT_OUT = {
    "revoked_tokens": "ids of tokens that are no good any more, for a day",
    "mails": "mails on their way, which the user gets",
    "password_resets": "hashes of links that are good for an hour",
    "email_changes": "hashes of links, with the address that the user has given an hour ago",
    "take_outs": "the take-out itself",
    "known_devices": "hashes of the names of devices, by which a new one is known",
    "settings_changes": "the order in which accounts changed their settings",
    "erasures": "ids of accounts that are gone",
    "erasure_receipts": "ids of accounts that are gone",
}
"""Tables of users that are not taken out, each with the reason."""


def take_out(fetch: Fetch, user_id: int, after: list[Any] | None = None) -> dict[str, Any]:
    """Return the next part of the files, as the method ``take_out`` of the other services does."""
    return part(TABLES, fetch, user_id, after)
