"""The door of the gateway: who comes in, and how often."""

import re
import time
from contextlib import AbstractContextManager

from nameko.extensions import SharedExtension

from gateway.addresses import client_address, parse_networks
from gateway.callers import PUBLIC, SELF, Access, Caller
from gateway.limits import RateLimits
from gateway.logins import LoginGuard
from schemas.errors import Forbidden, InvalidParameter, Unauthorized
from schemas.fields import load
from schemas.pages import ById
from services.dependencies.cache import Cache
from services.dependencies.settings import SETTINGS_KEY, BadSettings
from services.dependencies.tokens import is_revoked, verify
from services.dependencies.web import HttpRequest

_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE | re.ASCII)
_BY_ID = ById()


class Door(SharedExtension):
    """Knows callers by their tokens and counts their requests; all routes share it."""

    def setup(self) -> None:
        """Read the settings.

        Raises:
            BadSettings: a proxy's address or a limit can't be read.
        """
        self.settings = self.container.config[SETTINGS_KEY]
        self.limits = RateLimits(self.settings)
        self.logins = LoginGuard(self.limits)
        try:
            self.proxies = parse_networks(self.settings.trusted_proxies)
        except ValueError as problem:
            raise BadSettings(f"TRUSTED_PROXIES: {problem}") from None
        self.cache = next(
            provider for provider in self.container.dependencies if isinstance(provider, Cache)
        )

    def admit(self, request: HttpRequest, access: Access, limit: str) -> Caller | None:
        """Return the caller, having counted the request; None on public routes.

        Args:
            request: the request; learns the user's id, for the log.
            access: who may use the route.
            limit: the name of the limit that it counts for.

        Raises:
            RateLimitExceeded: too many requests of this user, or from this address.
            Unauthorized: the route needs a token, and there is no good one.
            Forbidden: the route is for others.
        """
        if access is PUBLIC:
            self.limits.count(limit, self._address(request))
            return None
        try:
            caller = self._caller(request)
        except Unauthorized:
            self.limits.count(limit, self._address(request))
            raise
        request.user_id = caller.user_id
        self.limits.count(limit, f"user-{caller.user_id}")
        if access is SELF:
            _check_self(request, caller)
        return caller

    def login(self, request: HttpRequest, email: object) -> AbstractContextManager[None]:
        """Surround a try to sign in; see :meth:`LoginGuard.trying`."""
        return self.logins.trying(email, self._address(request))

    def _caller(self, request: HttpRequest) -> Caller:
        match = _BEARER.fullmatch((request.header("Authorization") or "").strip())
        if match is None:
            raise Unauthorized("Sign in first: this needs a bearer token")
        token = match[1]
        claims = verify(token, self.settings, time.time())
        if is_revoked(self.cache, claims):
            raise Unauthorized("The token has been revoked")
        return Caller(claims["user_id"], claims["role"], token)

    def _address(self, request: HttpRequest) -> str:
        forwarded = request.header("X-Forwarded-For")
        return client_address(request.peer, forwarded, self.proxies)


def _check_self(request: HttpRequest, caller: Caller) -> None:
    try:
        wanted = load(_BY_ID, request.path_values)["id"]
    except InvalidParameter:
        return  # is told later, with all other bad parameters
    if wanted != caller.user_id and not caller.is_admin:
        raise Forbidden("This is another user's profile")
