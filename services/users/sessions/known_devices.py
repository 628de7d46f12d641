"""Devices from which users have signed in, and the mail when one of them is new."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.transport.postgres.statements import Fetch, Send, Statement, Together
from services.users.mail.relay import Mail
from services.users.sessions.device_names import describe, hash_of
from services.users.sessions.rows import columns_of

DAYS = 90
"""A device from which nobody has signed in for so long is new again."""

MOST_MAILS = 5
"""To an account in a day, at most: its address may be somebody else's, who would get very many."""

# what is asked is what was there before the row of this sign-in
_NOTE = Statement(
    f"""
    WITH noted AS (
        INSERT INTO known_devices (user_id, device_hash) VALUES (:user_id, :device_hash)
        ON CONFLICT (user_id, device_hash) DO UPDATE SET last_used_at = now()
    )
    SELECT count(*) > 0, coalesce(bool_or(device_hash = :device_hash), false),
        count(*) FILTER (WHERE first_used_at > now() - interval '1 day')
    FROM known_devices
    WHERE user_id = :user_id AND last_used_at > now() - interval '{DAYS} days'
    """
)
# no INSERT, which would lock the account: whoever deletes that waits for the session's row
_GO_ON = Statement(
    """
    UPDATE known_devices SET last_used_at = now()
    WHERE user_id = :user_id AND device_hash = :device_hash
      AND last_used_at < now() - interval '1 day'
    """
)
_SETTINGS = Statement("SELECT time_zone, locale FROM users WHERE id = :user_id")


def note(fetch: Fetch, user_id: int, client: dict[str, Any] | None) -> bool:
    """Note from which device somebody signs in.

    Args:
        fetch: of the transaction that begins the session.
        user_id: who.
        client: ``device`` and ``address``, if they are known.

    Returns:
        Whether they should be told: other devices are known of them and this is none of them, and
        they were not told very often today.
    """
    [(has_any, is_known, new_today)] = fetch(
        _NOTE, user_id=user_id, device_hash=hash_of(columns_of(client)["device"])
    )
    return has_any and not is_known and new_today < MOST_MAILS


def go_on(send: Send, user_id: int, client: dict[str, Any] | None) -> None:
    """Note that a session goes on, so that its device stays known."""
    send(_GO_ON, user_id=user_id, device_hash=hash_of(columns_of(client)["device"]))


def tell(
    transaction: Together, mail: Mail, profile: dict[str, Any], client: dict[str, Any] | None
) -> None:
    """Tell somebody by mail that they, or somebody else, have signed in from a new device."""
    [(time_zone, locale)] = transaction.fetch(_SETTINGS, user_id=profile["id"])
    known = columns_of(client)
    mail.put(
        *(transaction.send, profile["id"], profile["email"], "new_sign_in"),
        locale=locale,
        time=_moment(time_zone),
        device=describe(known["device"]),
        address=known["address"] or "an address that is not known",
    )


def _moment(time_zone: str | None) -> str:
    name = time_zone or "UTC"
    return f"{datetime.now(UTC).astimezone(ZoneInfo(name)):%Y-%m-%d %H:%M} ({name})"
