"""The part of the users service that keeps people signed in."""

import time
from collections.abc import Callable
from typing import Any

from nameko.dependency_providers import Config
from nameko.timer import timer

from schemas.accounts import RefreshRequest
from schemas.errors import GymError, NotFound, Unauthorized
from schemas.loading import load
from schemas.pages import Page, checked_id, checked_user
from services import auth
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process.settings import SETTINGS_KEY, Settings
from services.transport.postgres.statements import Fetch
from services.users import reads
from services.users.sessions import cleaning, known_devices, refresh_tokens, rows
from services.users.sessions.rotation import exchange

log = get_logger(__name__)

REFRESH_REQUEST = RefreshRequest()
PAGE = Page()
CLEANING_SECONDS = 3600
WRONG_LOGIN = "Wrong e-mail or password"
"""What a log-in is answered that fails, whatever the reason."""


class SessionMethods:
    """Refreshing tokens, and a user's sessions: listing and ending them."""

    database: Database
    account_changed: Callable[[int], None]
    config: Config

    @rpc
    def refresh(self, request: dict, client: dict | None = None) -> dict[str, Any]:
        """Exchange a refresh token for a new token and a new refresh token.

        For 10 seconds the same refresh token gets the same answer; after that it ends its session,
        as somebody else must have it, too.

        Args:
            request: ``refresh_token``, as from ``login``, ``register`` or ``refresh``.
            client: ``{"device", "address"}``, texts for the list of sessions; None leaves them as
                they are.

        Returns:
            ``{"token", "refresh_token", "expires_in"}``; ``expires_in`` is how many seconds the
            token is valid. The refresh token is valid for 60 days.

        Raises:
            ValidationFailed: there is no refresh token, or it is not a string.
            Unauthorized: it is not valid, has expired, was used before, or the account is disabled.

        Example:
            ``n.rpc.users.refresh({"refresh_token": "d0xV..."})``
        """
        token = load(REFRESH_REQUEST, request)["refresh_token"]
        key = self._settings.jwt_secret
        with self.database.together() as transaction:
            exchanged = exchange(transaction.fetch, token, key, client)
            if exchanged is not None and not exchanged.came_again:
                known_devices.go_on(transaction.send, exchanged.user_id, client)
                profile = reads.get(transaction.fetch, exchanged.user_id)
        if exchanged is not None and exchanged.came_again:
            log.warning(
                "refresh token came again, session ended",
                user_id=exchanged.user_id,
                session_id=exchanged.session_id,
            )
            self.account_changed(exchanged.user_id)
        if exchanged is None or exchanged.came_again or profile is None:
            raise Unauthorized("The refresh token is not valid or has expired")
        access_token = auth.issue(
            profile,
            self._settings,
            exchanged.used_at,
            session_id=exchanged.session_id,
            token_id=refresh_tokens.access_token_id(token, key),
        )
        return _tokens(access_token, refresh_tokens.successor_of(token, key))

    @rpc
    def list_sessions(
        self, user_id: int, session_id: int | None = None, **query: Any
    ) -> dict[str, Any]:
        """List where a user is signed in, the session that was used last first.

        Args:
            user_id: the user.
            session_id: the session of whoever asks; None if they have none.
            query: ``page`` (1) and ``limit`` (10, at most 100).

        Returns:
            ``{"items": [{"id", "device", "address", "created_at", "last_used_at", "expires_at",
            "is_current"}], "total": number of all}``. ``device`` and ``address`` may be None;
            ``last_used_at`` is when it was begun, or its token was last refreshed.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.users.list_sessions(1)``
        """
        user_id = checked_user(user_id)
        values = load(PAGE, query)
        found = rows.list_page(self.database.fetch, user_id, values["page"], values["limit"])
        for session in found["items"]:
            session["is_current"] = session["id"] == session_id
        return found

    @rpc
    def end_session(self, user_id: int, session_id: int) -> dict[str, Any]:
        """End a session of a user, with its tokens.

        Args:
            user_id: the user.
            session_id: which one.

        Returns:
            ``{"id", "ended": True}``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such session.

        Example:
            ``n.rpc.users.end_session(1, 12)``
        """
        user_id, session_id = checked_user(user_id), checked_id(session_id)
        if not rows.end(self.database.fetch, user_id, session_id):
            raise NotFound("There is no such session")
        self.account_changed(user_id)
        return {"id": session_id, "ended": True}

    @rpc
    def end_other_sessions(self, user_id: int, session_id: int | None = None) -> dict[str, Any]:
        """End all sessions of a user but one.

        Args:
            user_id: the user.
            session_id: the session to keep. If it is None, all end, but tokens that belong to no
                session go on: they are of the version before, and whoever asks has one.

        Returns:
            ``{"count": how many sessions were ended}``

        Raises:
            InvalidParameter: the user's id can't be one.

        Example:
            ``n.rpc.users.end_other_sessions(1, 12)``
        """
        user_id = checked_user(user_id)
        with self.database.together() as transaction:
            if session_id is not None:
                rows.end_tokens_without_session(transaction.send, user_id)
            count = rows.end_others(transaction.fetch, user_id, session_id)
        self.account_changed(user_id)
        return {"count": count}

    @timer(interval=CLEANING_SECONDS)
    def clean_sessions(self) -> None:
        """Delete what has expired, and the oldest sessions of users who have very many."""
        try:
            cleaning.delete_expired(self.database.fetch)
            for user_id in cleaning.end_sessions_beyond_the_limit(self.database.fetch):
                self.account_changed(user_id)
        except GymError as problem:
            log.warning("sessions not cleaned, will be tried again", reason=str(problem))

    def _begin_session(
        self, fetch: Fetch, profile: dict[str, Any], password_hash: str, client: dict | None
    ) -> dict[str, Any]:
        """Begin a session, and return its first tokens.

        Raises:
            Unauthorized: the account is disabled, or has another password by now.
        """
        refresh_token = refresh_tokens.new()
        session_id = rows.begin(
            fetch, profile["id"], password_hash, refresh_tokens.hash_of(refresh_token), client
        )
        if session_id is None:
            raise Unauthorized(WRONG_LOGIN)
        token = auth.issue(profile, self._settings, time.time(), session_id=session_id)
        return _tokens(token, refresh_token)

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.config[SETTINGS_KEY]
        return settings


def _tokens(token: str, refresh_token: str) -> dict[str, Any]:
    return {
        "token": token,
        "refresh_token": refresh_token,
        "expires_in": auth.LIFETIME_SECONDS,
    }
