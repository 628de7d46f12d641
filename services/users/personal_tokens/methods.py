"""The part of the users service with personal access tokens."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from schemas.errors import BusinessRuleViolation, NotFound
from schemas.instants import Instant
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.personal_tokens import MOST_TOKENS, NewPersonalToken
from schemas.scopes import TOKEN_PREFIX
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.users.personal_tokens import rows

NEW_PERSONAL_TOKEN = NewPersonalToken()
BYTES = 32


class PersonalTokenMethods:
    """Making, listing and deleting personal access tokens; the gateway checks them."""

    database: Database
    account_changed: Callable[[int], None]

    @rpc
    def create_personal_token(self, user_id: int, token: dict) -> dict[str, Any]:
        """Make a personal access token, which is shown now and never again.

        Args:
            user_id: whose token it is.
            token: ``name``, ``scopes`` (a list of ``workouts:read`` and others of
                ``schemas.scopes``) and, optionally, ``expires_at``
                (``"2026-02-16T18:30:00+01:00"``).

        Returns:
            ``{"id", "name", "scopes", "created_at", "expires_at", "last_used_at": None, "token":
            "gym_..."}``

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: the user's id can't be one.
            BusinessRuleViolation: it would have expired already, or the user has 50.
            NotFound: there is no such user.

        Example:
            ``n.rpc.users.create_personal_token(1, {"name": "Backup", "scopes":
            ["exports:read"]})["token"]``
        """
        user_id = checked_user(user_id)
        values = load(NEW_PERSONAL_TOKEN, token)
        expires_at = _moment(values.get("expires_at"))
        secret = TOKEN_PREFIX + secrets.token_urlsafe(BYTES)
        token_hash = hashlib.sha256(secret.encode()).digest()
        with self.database.together() as transaction:
            count = rows.count_for_another(transaction.fetch, user_id)
            if count is None:
                raise NotFound("There is no such user")
            if count >= MOST_TOKENS:
                message = f"There are {MOST_TOKENS} tokens already; delete one first"
                raise BusinessRuleViolation.of(
                    "", message, "max_items", max_items=MOST_TOKENS, received=count + 1
                )
            made = rows.insert(
                transaction.fetch, user_id, values["name"], token_hash, values["scopes"], expires_at
            )
        return {**made, "token": secret}

    @rpc
    def list_personal_tokens(self, user_id: int) -> list[dict[str, Any]]:
        """List a user's personal access tokens, without the secrets.

        Args:
            user_id: the user.

        Returns:
            ``[{"id", "name", "scopes", "created_at", "expires_at", "last_used_at"}]``, the oldest
            first; ``last_used_at`` is None if it never was, and to the minute otherwise. Expired
            ones are among them until the next is made.

        Raises:
            InvalidParameter: the id can't be one.

        Example:
            ``n.rpc.users.list_personal_tokens(1)``
        """
        return rows.list_all(self.database.fetch, checked_user(user_id))

    @rpc
    def delete_personal_token(self, user_id: int, token_id: int) -> dict[str, Any]:
        """Delete a personal access token; nobody is let in with it any more.

        Args:
            user_id: the user.
            token_id: which one.

        Returns:
            ``{"id", "deleted": True}``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such token.

        Example:
            ``n.rpc.users.delete_personal_token(1, 4)``
        """
        user_id, token_id = checked_user(user_id), checked_id(token_id)
        if not rows.delete(self.database.fetch, user_id, token_id):
            raise NotFound("There is no such token")
        self.account_changed(user_id)
        return {"id": token_id, "deleted": True}


def _moment(expires_at: Instant | None) -> datetime | None:
    """Return when a token expires.

    Raises:
        BusinessRuleViolation: that is over.
    """
    if expires_at is None:
        return None
    now = datetime.now(UTC)
    if expires_at.at <= now:
        raise BusinessRuleViolation.of(
            "expires_at",
            "Expires at must be in the future",
            "min",
            min_value=now.isoformat(timespec="seconds"),
            received=str(expires_at),
        )
    return expires_at.at
