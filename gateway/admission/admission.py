"""Admission of requests: authentication, rate limits, shares of the workers."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

from nameko.extensions import SharedExtension

from gateway.admission.callers import OPTIONAL, PUBLIC, SELF, Access, AnyCaller, Caller, TokenCache
from gateway.admission.logins import LoginThrottle
from gateway.admission.owners import Owners
from gateway.admission.rate_limits import API, RateLimits
from gateway.admission.worker_shares import WorkerShares
from gateway.requests.context import context_of
from schemas.errors import Forbidden, InvalidParameter, Unauthorized
from schemas.loading import load
from schemas.pages import ById
from services.auth import LIFETIME_SECONDS
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.revocations import Revocations
from services.dependencies.siblings import sibling
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from services.transport.http import HttpRequest
from services.transport.http.addresses import client_address, trusted_proxies

MOST_ADDRESSES = 4096
LONGEST_FORWARDED = 400
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE | re.ASCII)
_BY_ID = ById()


class Admission(SharedExtension):
    """Identifies callers by their tokens and counts their requests; shared by all routes."""

    owners = Owners()

    def setup(self) -> None:
        """Read the settings.

        Raises:
            BadSettings: a proxy's address or a limit is malformed.
        """
        self.settings = self.container.config[SETTINGS_KEY]
        self.cache = sibling(self.container, Cache)
        self.revocations = sibling(self.container, Revocations)
        # both are in redis-counters, each over a connection of its own
        self.limits = RateLimits(self.settings, self.revocations.outage)
        self.logins = LoginThrottle(self.limits)
        self.shares = WorkerShares()
        self.streams = WorkerShares(what="uploads and downloads")
        self.tokens = TokenCache(self.settings)
        self.proxies = trusted_proxies(self.settings)
        self._address_of = lru_cache(MOST_ADDRESSES)(
            lambda peer, forwarded: client_address(peer, forwarded, self.proxies)
        )

    def admit(
        self,
        request: HttpRequest,
        access: Access,
        limit: str,
        when_known: Callable[[Caller], None] = lambda _caller: None,
        is_owner: Callable[[int], bool] = lambda _user_id: False,
    ) -> Caller | None:
        """Count a request, and return its caller; None on public routes.

        On a route for anybody the caller is None, too, unless they have private exercises: then
        the response is the one that everybody gets.

        Args:
            request: its ``user_id`` is set, for the log.
            access: who may use the route.
            limit: name of the rate limit.
            when_known: called with the caller before Redis is asked whether the token is revoked,
                so that further commands can be sent along in one piece.
            is_owner: tells whether a user has private exercises.

        Raises:
            RateLimitExceeded: too many requests of this user, or from this address.
            Unauthorized: the route needs a token, and there is no valid one.
            Forbidden: the route is for other users.
        """
        if access is PUBLIC:
            self.limits.count(limit, self._address(request))
            return None
        if access is OPTIONAL:
            return self._owner(request, limit, when_known, is_owner)
        try:
            caller = self._caller(request, when_known)
        except Unauthorized:
            # guessed tokens count for the address; otherwise guessing would be free
            self.limits.count(limit, self._address(request))
            raise
        request.user_id = caller.user_id
        self.limits.count(limit, caller.counted_as)
        if access is SELF:
            _check_self(request, caller)
        return caller

    def share(self, request: HttpRequest, caller: Caller | None) -> AbstractContextManager[None]:
        """Surround the work on a request; see :meth:`WorkerShares.taken_by`."""
        if caller is None:
            return self.shares.taken_by(self._address(request), budgets.ADDRESS_SHARE)
        return self.shares.taken_by(caller.counted_as, budgets.USER_SHARE)

    @contextmanager
    def share_of_stream(self, request: HttpRequest, caller: Caller | None) -> Iterator[None]:
        """Surround all of a stream, which counts as one request, and also as a stream."""
        who = self._address(request) if caller is None else caller.counted_as
        with self.streams.taken_by(who, budgets.USER_STREAMS), self.share(request, caller):
            yield

    def client(self, request: HttpRequest) -> dict[str, str | None]:
        """Return what is known of whoever makes a request, for the list of their sessions."""
        return {"device": request.header("User-Agent"), "address": self._address(request)}

    def login(self, request: HttpRequest, email: object) -> AbstractContextManager[None]:
        """Surround an attempt to log in; see :meth:`LoginThrottle.attempt`."""
        return self.logins.attempt(email, self._address(request))

    def _owner(
        self,
        request: HttpRequest,
        limit: str,
        when_known: Callable[[Caller], None],
        is_owner: Callable[[int], bool],
    ) -> Caller | None:
        """Count a request; return its caller if the token is valid and they have exercises.

        It is counted before anybody is asked, so that a request beyond the limit costs nothing: for
        the user if they are known to have some, otherwise for the address.
        """
        try:
            caller: AnyCaller = self._claimed_caller(request)
        except Unauthorized:
            caller = None
        known = None if caller is None else self.owners.known(caller.user_id)
        if known and self._is_let_in(request, caller, when_known):
            self.limits.count(limit, caller.counted_as)
            return caller
        self.limits.count(limit, self._address(request))
        if caller is None or known is not None or not is_owner(caller.user_id):
            return None
        return caller if self._is_let_in(request, caller, when_known) else None

    def signed_in(
        self, request: HttpRequest, when_known: Callable[[Caller], None]
    ) -> Caller | None:
        """Return the caller of a request that was counted, whether or not they have exercises.

        None if there is no good token.

        Args:
            request: its ``user_id`` is set.
            when_known: see :meth:`admit`.
        """
        try:
            caller = self._claimed_caller(request)
        except Unauthorized:
            return None
        return caller if self._is_let_in(request, caller, when_known) else None

    def _is_let_in(
        self, request: HttpRequest, caller: AnyCaller, when_known: Callable[[Caller], None]
    ) -> bool:
        """Return whether a token is not revoked, and note in the request whose it is."""
        try:
            self._check_not_revoked(request, caller, when_known)
        except Unauthorized:
            return False
        request.user_id = caller.user_id
        return True

    def _caller(self, request: HttpRequest, when_known: Callable[[Caller], None]) -> Caller:
        caller = self._claimed_caller(request)
        self._check_not_revoked(request, caller, when_known)
        return caller

    def _claimed_caller(self, request: HttpRequest) -> Caller:
        """Return the caller that a valid token names, which may have been revoked."""
        match = _BEARER.fullmatch((request.header("Authorization") or "").strip())
        if match is None:
            raise Unauthorized("Sign in first: this needs a bearer token")
        return self.tokens.caller(match[1])

    def _check_not_revoked(
        self, request: HttpRequest, caller: Caller, when_known: Callable[[Caller], None]
    ) -> None:
        when_known(caller)
        is_valid = context_of(request).valid_token_id == caller.token_id
        if not is_valid and self.revocations.has(caller.token_id):
            raise Unauthorized("The token has been revoked")

    def caller_of_known_token(self, token: str) -> Caller | None:
        """Return the caller of a cached token that has not expired; never waits."""
        return self.tokens.cached(token)

    def sees_the_catalogue_alone(self, token: str) -> bool:
        """Return whether a token's user is known to have no private exercises; never waits."""
        caller = self.tokens.cached(token)
        return caller is not None and self.owners.known(caller.user_id) is False

    def confirm_token(self, caller: Caller) -> None:
        """Cache, without waiting, that a token is not revoked, under the user's token generation.

        From then on comparing that generation replaces the look-up of the revocation.
        """

        def note(generation: str | None) -> None:
            if generation is not None:
                self.revocations.confirm_valid(caller.token_id, generation)

        key = cache_generations.tokens_of(caller.user_id)
        self.cache.ensure_generation(key, LIFETIME_SECONDS, note)

    def count_without_waiting(
        self, caller: Caller | None, forwarded: str | None, peer: str
    ) -> bool:
        """Count a request for the fast path; False if that needs Redis.

        Args:
            caller: None counts for the address.
            forwarded: ``X-Forwarded-For``.
            peer: the address of the other end of the connection.
        """
        if self.limits.is_off(API):
            return True
        if caller is not None:
            return self.limits.take(API, caller.counted_as)
        return self.limits.take(API, self._counted_as(peer, forwarded))

    def _address(self, request: HttpRequest) -> str:
        return self._counted_as(request.peer, request.header("X-Forwarded-For"))

    def _counted_as(self, peer: str, forwarded: str | None) -> str:
        if not self.proxies or forwarded is None:
            return self._address_of(peer, None)
        # bounded, as it is a key of the lru_cache. The end is enough: our own proxies append there,
        # and addresses are read from the end
        return self._address_of(peer, forwarded[-LONGEST_FORWARDED:])


def _check_self(request: HttpRequest, caller: Caller) -> None:
    try:
        wanted = load(_BY_ID, request.path_values)["id"]
    except InvalidParameter:
        return  # reported later, with all other bad parameters
    if wanted != caller.user_id and not caller.is_admin:
        raise Forbidden("This is another user's profile")
