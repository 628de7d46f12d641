"""Who calls, and who may."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum

from schemas.roles import ADMIN
from services.auth import verify
from services.process.settings import Settings

MOST_TOKENS = 10_000


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "anybody; a token is not looked at"
    USER = "whoever is signed in"
    SELF = "the user whose id is in the path, and administrators"


PUBLIC, USER, SELF = Access.PUBLIC, Access.USER, Access.SELF


@dataclass(frozen=True)
class Caller:
    """The user that a token was given to."""

    user_id: int
    role: str
    token: str = field(repr=False)
    token_id: str = ""

    @property
    def counted_as(self) -> str:
        """The name under which the user's requests are counted."""
        return f"user-{self.user_id}"

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator."""
        return self.role == ADMIN


class TokenCache:
    """Checks tokens, and remembers those that were good until they end.

    Whether a token has been revoked is asked anew each time.

    Args:
        settings: hold the secret.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def caller(self, token: str) -> Caller:
        """Return whose token it is.

        Raises:
            Unauthorized: it is not a token of ours, or it has ended.
        """
        caller = self.remembered(token)
        if caller is not None:
            return caller
        claims = verify(token, self.settings, time.time())
        caller = Caller(claims["user_id"], claims["role"], token, claims["jti"])
        self._known[token] = caller, claims["exp"]
        while len(self._known) > MOST_TOKENS:
            self._known.popitem(last=False)
        return caller

    def remembered(self, token: str) -> Caller | None:
        """Return whose token it is, if it was good before and has not ended."""
        caller, ends_at = self._known.get(token, (None, 0.0))
        return caller if time.time() < ends_at else None
