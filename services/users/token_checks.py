"""What the gateway asks of a token: whether it still lets anybody in, and who that is."""

import re
from typing import Any

from schemas.errors import Unauthorized
from schemas.pages import checked_user
from schemas.profiles import SETTINGS_OF_NUMBERS
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Statement

_HASH = re.compile("[0-9a-f]{64}")

_SETTINGS = ", ".join(SETTINGS_OF_NUMBERS)

# A token of the version before, which knows no sessions, has none. It is refused by its own id, or
# because it was issued before all sessions were ended.
_TOKEN = Statement(
    f"""
    SELECT role, {_SETTINGS}
    FROM users u
    WHERE id = :user_id AND disabled_at IS NULL
      AND CASE WHEN CAST(:session_id AS bigint) IS NULL
            THEN NOT EXISTS (SELECT FROM revoked_tokens r WHERE r.token_id = :token_id)
                AND to_timestamp(:issued_at) >= coalesce(sessions_ended_at, '-infinity')
            ELSE EXISTS (SELECT FROM sessions s WHERE s.id = :session_id AND s.user_id = u.id
                AND s.expires_at > now()) END
    """
)
_PERSONAL = Statement(
    f"""
    SELECT t.id, u.id, t.scopes, extract(epoch FROM t.expires_at)::bigint,
        t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute', {_SETTINGS}
    FROM personal_tokens t JOIN users u ON u.id = t.user_id
    WHERE t.token_hash = decode(:token_hash, 'hex') AND u.disabled_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > now())
    """
)
_NOTE_USE = Statement("UPDATE personal_tokens SET last_used_at = now() WHERE id = :id")


class TokenChecks:
    """Checks of tokens, which the class of the service inherits."""

    # Any: a worker gets the providers of the service in their places
    database: Any
    revocations: Any

    @rpc
    def check_token(
        self, user_id: int, token_id: str, issued_at: int, session_id: int | None = None
    ) -> dict[str, Any]:
        """Return what the user of an access token may do now; the signature has been verified.

        Args:
            user_id: the claim of that name.
            token_id: the claim ``jti``.
            issued_at: the claim ``iat``, in seconds since the epoch.
            session_id: the claim of that name; None if the token has none.

        Returns:
            ``{"role": "user|admin"}``, and the user's settings that numbers depend on:
            ``{"time_zone", "one_rep_max_formula", "weekly_goal", "weekly_sets_least",
            "weekly_sets_most"}``; None is what was not set.

        Raises:
            InvalidParameter: the id can't be one.
            Unauthorized: the session has ended, the token was revoked, or the account is disabled
                or deleted.

        Example:
            ``n.rpc.users.check_token(1, "9f0c", 1764288000, 17)``
        """
        rows = self.database.fetch(
            _TOKEN,
            user_id=checked_user(user_id),
            token_id=token_id,
            issued_at=issued_at,
            session_id=session_id,
        )
        # a users service of the version before revokes in Redis alone
        if not rows or self.revocations.has(token_id):
            raise Unauthorized("The token has been revoked")
        role, *settings = rows[0]
        return {"role": role, **_named(settings)}

    @rpc
    def check_personal_token(self, token_hash: str) -> dict[str, Any]:
        """Return whose a personal access token is, and what it is good for.

        Args:
            token_hash: the token's SHA-256, in hexadecimal digits; the token itself is in no
                message.

        Returns:
            ``{"id", "user_id", "scopes": [...], "expires_at": seconds since the epoch or None}``,
            and the settings as in ``check_token``.

        Raises:
            Unauthorized: there is no such token, it has expired, or the account is disabled.

        Example:
            ``n.rpc.users.check_personal_token(hashlib.sha256(b"gym_...").hexdigest())``
        """
        is_hash = isinstance(token_hash, str) and _HASH.fullmatch(token_hash)
        rows = self.database.fetch(_PERSONAL, token_hash=token_hash) if is_hash else None
        if not rows:
            raise Unauthorized("The token is not valid or has expired")
        token_id, user_id, scopes, expires_at, is_to_be_noted, *settings = rows[0]
        if is_to_be_noted:
            self.database.fetch(_NOTE_USE, id=token_id)
        return {
            "id": token_id,
            "user_id": user_id,
            "scopes": scopes,
            "expires_at": expires_at,
            **_named(settings),
        }


def _named(settings: list[Any]) -> dict[str, Any]:
    return dict(zip(SETTINGS_OF_NUMBERS, settings, strict=True))
