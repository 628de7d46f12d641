"""Callers and access: who makes a request, and who may use a route."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from schemas.roles import ADMIN
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


PUBLIC, OPTIONAL, USER, SELF = Access.PUBLIC, Access.OPTIONAL, Access.USER, Access.SELF
OPEN = (PUBLIC, OPTIONAL)
"""What needs no token."""


@dataclass(frozen=True)
class Caller:
    """A user, as identified by a token."""

    user_id: int
    role: str
    token: str = field(repr=False)
    token_id: str = ""
    session_id: int | None = None
    """None with a token of the version before."""

    @property
    def counted_as(self) -> str:
        """The key under which the user's requests are counted."""
        return f"user-{self.user_id}"

    @property
    def is_admin(self) -> bool:
        """Whether the user is an administrator."""
        return self.role == ADMIN


AnyCaller = Caller | Any
"""The caller of a route; None on public routes, which never look at it, and on those for anybody
unless it is somebody who has private exercises.

Any stands for that None: each route knows which of the two it is, and mypy can't.
"""


class TokenCache:
    """Verifies tokens; caches the callers of valid ones until they expire.

    Verifying a signature costs more than the rest of a cached read. Revocations are not cached
    here: they are checked with each request.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self._known: BoundedMap[str, tuple[Caller, float]] = BoundedMap(MOST_TOKENS)

    def caller(self, token: str) -> Caller:
        """Return the caller that a token belongs to.

        Raises:
            Unauthorized: the token is invalid or has expired.
        """
        caller = self.cached(token)
        if caller is not None:
            return caller
        claims = verify(token, self.settings, time.time())
        caller = Caller(
            claims["user_id"], claims["role"], token, claims["jti"], claims.get("session_id")
        )
        self._known[token] = caller, claims["exp"]
        return caller

    def cached(self, token: str) -> Caller | None:
        """Return the caller of a cached token that has not expired, otherwise None."""
        caller, ends_at = self._known.get(token, (None, 0.0))
        return caller if time.time() < ends_at else None
