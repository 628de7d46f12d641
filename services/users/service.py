"""The users service: accounts, signing in and out, profiles."""

import json
import time
from typing import Any

from marshmallow import ValidationError
from nameko.dependency_providers import Config

from schemas.errors import Conflict, NotFound, Unauthorized
from schemas.fields import Email
from schemas.loading import load
from schemas.pages import ById
from schemas.users import Credentials, NewUser
from services import auth
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure.methods import ErasureDispatcher
from services.dependencies.events import UnconfirmedEventDispatcher
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.remote_service import RemoteService
from services.dependencies.revocations import Revocations
from services.dependencies.rpc import rpc
from services.users import reads, writes
from services.users.administration import rows as administration
from services.users.administration.methods import AdministrationMethods
from services.users.administrator import Administrator
from services.users.afterwards import Afterwards
from services.users.email_changes.methods import EmailChangeMethods
from services.users.erasure.methods import DeletionMethods
from services.users.mail.recipients import MailRecipients
from services.users.mail.relay import Mail
from services.users.mail.timers import MailTimers
from services.users.password_changes import PasswordChangeMethods
from services.users.password_resets.methods import PasswordResetMethods
from services.users.passwords import Passwords
from services.users.personal_tokens.methods import PersonalTokenMethods
from services.users.profiles import ProfileMethods
from services.users.sessions import known_devices
from services.users.sessions import rows as sessions
from services.users.sessions.methods import WRONG_LOGIN, SessionMethods
from services.users.settings_feed import SettingsFeed
from services.users.take_out.methods import TakeOutMethods
from services.users.token_checks import TokenChecks

NEW_USER = NewUser()
CREDENTIALS = Credentials()
EMAIL = Email(required=True)
BY_ID = ById()


class Users(
    SessionMethods,
    ProfileMethods,
    SettingsFeed,
    TakeOutMethods,
    TokenChecks,
    PasswordResetMethods,
    EmailChangeMethods,
    MailTimers,
    MailRecipients,
    PasswordChangeMethods,
    DeletionMethods,
    PersonalTokenMethods,
    AdministrationMethods,
):
    """Accounts: registering, signing in and out, profiles."""

    name = "users"

    database = Database("users")
    cache = Cache()
    revocations = Revocations()
    passwords = Passwords()
    administrator = Administrator()
    exercises = RemoteService("exercises", methods=["take_out"], without={"take_out": None})
    workouts = RemoteService("workouts", methods=["take_out"], without={"take_out": None})
    analytics = RemoteService("analytics", methods=["take_out"], without={"take_out": None})
    notifications = RemoteService("notifications", methods=["take_out"], without={"take_out": None})
    mail = Mail()
    afterwards = Afterwards()
    config = Config()
    dispatch = UnconfirmedEventDispatcher()
    erasure_dispatcher = ErasureDispatcher()
    health = Health()
    log_context = LogContext()

    @rpc
    def register(self, user: dict, client: dict | None = None) -> dict[str, Any]:
        """Open an account, and a first session.

        Args:
            user: ``email``, ``password`` (at least 8 characters, at most 72 bytes of UTF-8, both
                in Unicode's normal form C, and none of the 10,000 commonest) and, optionally,
                ``name``.
            client: ``{"device", "address"}``, texts for the list of sessions; None if they are not
                known.

        Returns:
            ``{"id", "email", "name", "role", "created_at", "token", "refresh_token",
            "expires_in"}``; the token is valid for so many seconds, the refresh token for 60 days.

        Raises:
            ValidationFailed: the values break rules of their schema; all faults are listed.
            Conflict: there is an account with the e-mail, however that is capitalised.

        Example:
            ``n.rpc.users.register({"email": "ada@example.com", "password": "a long one"})``
        """
        values = self.passwords.load_new(NEW_USER, user)
        password_hash = self.passwords.hash(values["password"])
        name = values.get("name")
        with self.database.together() as transaction:
            fetch = transaction.fetch
            profile = writes.insert(fetch, values["email"], password_hash, name)
            if profile is None:
                details = {"field": "email", "constraint": "unique", "received": values["email"]}
                raise Conflict("There is an account with this e-mail already", json.dumps(details))
            tokens = self._begin_session(fetch, profile, password_hash, client)
            known_devices.note(fetch, profile["id"], client)
        return {**profile, **tokens}

    @rpc
    def login(self, credentials: dict, client: dict | None = None) -> dict[str, Any]:
        """Sign in: begin a session.

        An unknown e-mail and a wrong password raise the same error after the same time. A mail
        tells of a device that is new to an account which others are known of.

        Args:
            credentials: ``email`` and ``password``, which may be composed or decomposed,
                full-width or not.
            client: ``{"device", "address"}``, texts for the list of sessions; None if they are not
                known.

        Returns:
            ``{"token", "refresh_token", "expires_in", "user": {"id", "email", "name", "role",
            "created_at"}}``; the token is valid for so many seconds, the refresh token for 60 days.

        Raises:
            ValidationFailed: one of them is missing, or not a string.
            Unauthorized: there is no account with the e-mail, it has another password, or it is
                disabled.

        Example:
            ``n.rpc.users.login({"email": "ada@example.com", "password": "a long one"})``
        """
        values = load(CREDENTIALS, credentials)
        profile, password_hash = self._find(values["email"])
        # the password first: it takes the same time where there is no such account
        is_right = self.passwords.matches(values["password"], password_hash)
        if not is_right or profile is None or password_hash is None:
            raise Unauthorized(WRONG_LOGIN)
        with self.database.together() as transaction:
            tokens = self._begin_session(transaction.fetch, profile, password_hash, client)
            is_new = known_devices.note(transaction.fetch, profile["id"], client)
            if is_new:
                known_devices.tell(transaction, self.mail, profile, client)
        if is_new:
            self.mail.wake()
        return {**tokens, "user": profile}

    @rpc
    def get(self, user_id: int, with_disabled: bool = False) -> dict[str, Any]:
        """Return a profile.

        Args:
            user_id: the user's id.
            with_disabled: with ``"disabled"``: whether nobody can sign in.

        Returns:
            ``{"id", "email", "name", "role": "user|admin", "created_at"}``.

        Raises:
            InvalidParameter: the id can't be one.
            NotFound: there is no such user.

        Example:
            ``n.rpc.users.get(1)``
        """
        read = administration.get if with_disabled else reads.get
        profile = read(self.database.fetch, load(BY_ID, {"id": user_id})["id"])
        if profile is None:
            raise NotFound("There is no such user")
        return profile

    @rpc
    def find(self, email: str) -> dict[str, Any]:
        """Return the profile of an account, by its e-mail.

        Args:
            email: however it is capitalised.

        Returns:
            As from ``get``.

        Raises:
            NotFound: there is no account with it.

        Example:
            ``n.rpc.users.find("ada@example.com")["id"]``
        """
        profile, _ = self._find(email)
        if profile is None:
            raise NotFound("There is no account with this e-mail")
        return profile

    @rpc
    def logout(self, token: str) -> dict[str, Any]:
        """Revoke a token, and end its session.

        Args:
            token: as from ``login``, ``register`` or ``refresh``.

        Returns:
            ``{"revoked": True}``, also if it was revoked before.

        Raises:
            Unauthorized: it was not signed by this system, or has expired.

        Example:
            ``n.rpc.users.logout(token)``
        """
        now = time.time()
        claims = auth.verify(token, self._settings, now)
        user_id, seconds = claims["user_id"], auth.seconds_revoked(claims, now)
        # for gateways of the version before, which ask Redis alone
        self.revocations.add(claims["jti"], user_id, seconds)
        session_id = claims.get("session_id")
        if session_id is None:
            sessions.revoke(self.database.fetch, claims["jti"], user_id, seconds)
        else:
            sessions.end(self.database.fetch, user_id, session_id)
        self.account_changed(user_id)
        return {"revoked": True}

    def account_changed(self, user_id: int) -> None:
        """Make every gateway ask again what a user's tokens may do; called after a commit.

        A gateway compares the generation in Redis with each request; the event is for the time
        in which Redis is away.
        """
        self.cache.invalidate(cache_generations.tokens_of(user_id))
        self.dispatch(cache_generations.ACCOUNT_CHANGED, {"user_id": user_id})

    def _find(self, email: str) -> tuple[dict[str, Any] | None, str | None]:
        try:
            stored_as = EMAIL.deserialize(email)
        except ValidationError:
            # not refused as such: whatever can't be an e-mail takes as long as an unknown one
            return None, None
        return reads.find(self.database.fetch, stored_as) or (None, None)
