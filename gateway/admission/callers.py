"""Callers and access: who makes a request, and who may use a route."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from schemas import roles
from schemas.profiles import SETTINGS_OF_NUMBERS
from services.auth import verify
from services.process.bounded_map import BoundedMap
from services.process.settings import Settings

MOST_TOKENS = 10_000


class Access(Enum):
    """Who may use a route; the values stand in the OpenAPI document."""

    PUBLIC = "anybody; a token is not looked at"
    OPTIONAL = "anybody; whoever is signed in sees their own exercises, too"
    USER = "whoever is signed in"
    SELF = "the user whose id is in the path, and administrators"
    ADMIN = "administrators"


PUBLIC, OPTIONAL, USER, SELF = Access.PUBLIC, Access.OPTIONAL, Access.USER, Access.SELF
ADMIN = Access.ADMIN
OPEN = (PUBLIC, OPTIONAL)
"""What needs no token."""


def counted_as(user_id: int) -> str:
    """Return the key under which a user's requests are counted."""
    return f"user-{user_id}"


@dataclass(frozen=True)
class CallerSettings:
    """What a caller has set and their numbers depend on; None is what was not set.

    Args:
        time_zone: the IANA name of the zone that decides what today is.
        one_rep_max_formula: how one-rep maxes are estimated.
        weekly_goal: workouts a week.
        weekly_sets_least: sets a week and muscle, at least.
        weekly_sets_most: and at most.
    """

    time_zone: str | None = None
    one_rep_max_formula: str | None = None
    weekly_goal: int | None = None
    weekly_sets_least: int | None = None
    weekly_sets_most: int | None = None

    @classmethod
    def told(cls, found: dict[str, Any]) -> "CallerSettings":
        """Take them from what the users service tells of a token.

        Args:
            found: lacks what a users service of the version before does not know.
        """
        return cls(**{name: found.get(name) for name in SETTINGS_OF_NUMBERS})


@dataclass(frozen=True)
class Caller:
    """A user, as identified by a token.

    Args:
        user_id: the user.
        role: the user's; of an access token that was not checked yet it is the one it was made for.
        token: what the client sent.
        token_id: tells the user's tokens apart.
        issued_at: when an access token was made, in seconds since the epoch.
        session_id: the session that an access token belongs to, if it names one.
        scopes: what a personal access token is good for; None for an access token, which is good
            for everything.
        settings: the user's; of a token that was not checked yet there are none.
    """

    user_id: int
    role: str
    token: str = field(repr=False)
    token_id: str = ""
    issued_at: int = 0
    session_id: int | None = None
    scopes: frozenset[str] | None = None
    settings: CallerSettings = CallerSettings()

    @property
    def counted_as(self) -> str:
        """The key under which the user's requests are counted."""
        return counted_as(self.user_id)

    @property
    def is_admin(self) -> bool:
        """Whether the user is an administrator."""
        return self.role == roles.ADMIN

    def may(self, scope: str | None) -> bool:
        """Return whether the token is good for what needs a scope.

        Args:
            scope: None for what no personal access token is good for.
        """
        return self.scopes is None or scope in self.scopes


AnyCaller = Caller | Any
"""The caller of a route; None on public routes, which never look at it, and on those for anybody
unless it is somebody who has private exercises.

Any stands for that None: each route knows which of the two it is, and mypy can't.
"""


UNCHECKED_SECONDS = 60
"""For so long a token is cached whose user may have been deleted."""

LONGEST_SECONDS = 24 * 3600
"""A token that expires later, or never, is asked about once a day."""


@dataclass(slots=True)
class _Cached:
    caller: Caller
    ends_at: float
    expires_at: float


class TokenCache:
    """Verifies tokens; caches the callers of valid ones until they expire.

    Verifying a signature costs more than the rest of a cached read. Whether a token was revoked is
    not cached here (:mod:`gateway.admission.standings`). An access token has the e-mail and the
    name of its user in it, so one is cached for long only after the users service has said that it
    is good.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self._known: BoundedMap[str, _Cached] = BoundedMap(MOST_TOKENS)

    def __contains__(self, token: str) -> bool:
        return token in self._known

    def caller(self, token: str) -> Caller:
        """Return the caller that an access token belongs to.

        Raises:
            Unauthorized: the token is invalid or has expired.
        """
        now = time.time()
        claims = verify(token, self.settings, now)
        caller = Caller(
            claims["user_id"],
            claims["role"],
            token,
            claims["jti"],
            issued_at=claims["iat"],
            session_id=claims.get("session_id"),
        )
        ends_at = min(claims["exp"], now + UNCHECKED_SECONDS)
        self._known[token] = _Cached(caller, ends_at, claims["exp"])
        return caller

    def note(self, token: str, caller: Caller, expires_at: float | None) -> None:
        """Cache the caller of a token that is good, and expires at a Unix time or never."""
        latest = time.time() + LONGEST_SECONDS
        ends_at = latest if expires_at is None else min(expires_at, latest)
        self._known[token] = _Cached(caller, ends_at, ends_at)

    def note_good(self, token: str) -> None:
        """Keep a token until it expires, if it is cached."""
        cached = self._known.get(token)
        if cached is not None:
            cached.ends_at = cached.expires_at

    def cached(self, token: str) -> Caller | None:
        """Return the caller of a cached token that has not expired, otherwise None."""
        cached = self._known.get(token)
        return cached.caller if cached is not None and time.time() < cached.ends_at else None

    def forget(self, token: str) -> None:
        """Remove a token."""
        self._known.pop(token, None)

    def forget_user(self, user_id: int) -> None:
        """Remove all tokens of a user."""
        self._known.remove_where(lambda _, cached: cached.caller.user_id == user_id)

    def forget_ended(self) -> None:
        """Remove the tokens that have expired."""
        now = time.time()
        self._known.remove_where(lambda _, cached: cached.ends_at <= now)
