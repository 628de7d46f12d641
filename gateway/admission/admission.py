"""Admission of requests: authentication, rate limits, shares of the workers."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from json import dumps

import eventlet
from nameko.containers import WorkerContext
from nameko.extensions import SharedExtension

from gateway.admission.account_changes import AccountChanges
from gateway.admission.callers import (
    ADMIN,
    OPTIONAL,
    PUBLIC,
    SELF,
    Access,
    Caller,
    counted_as,
)
from gateway.admission.logins import LoginThrottle
from gateway.admission.owners import Owners
from gateway.admission.rate_limits import API, RateLimits
from gateway.admission.standings import Standings
from gateway.admission.worker_shares import WorkerShares
from gateway.requests.context import context_of
from schemas.errors import Forbidden, GymError, InvalidParameter, Unauthorized
from schemas.loading import load
from schemas.pages import ById
from services.dependencies.cache import Cache
from services.dependencies.revocations import Revocations
from services.dependencies.siblings import sibling
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from services.transport.http import HttpRequest
from services.transport.http.addresses import client_address, trusted_proxies

FORGET_SECONDS = 60
MOST_ADDRESSES = 4096
LONGEST_FORWARDED = 400
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE | re.ASCII)
_BY_ID = ById()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request whose caller is to be found out.

    Args:
        request: its ``user_id`` is set, for the log.
        token: the bearer token, unchecked; None if there is none.
        scope: what a personal access token needs; None refuses them all.
        on_behalf: makes the context in which services are asked who calls.
        when_known: called with the caller before Redis is asked whether the token is still good,
            so that further commands can be sent along in one piece.
    """

    request: HttpRequest
    token: str | None
    scope: str | None
    on_behalf: Callable[[], WorkerContext]
    when_known: Callable[[Caller], None]


class Admission(SharedExtension):
    """Identifies callers by their tokens and counts their requests; shared by all routes."""

    account_changes = AccountChanges()
    owners = Owners()
    standings = Standings()

    def setup(self) -> None:
        """Read the settings.

        Raises:
            BadSettings: a proxy's address or a limit is malformed.
        """
        self.settings = self.container.config[SETTINGS_KEY]
        self.cache = sibling(self.container, Cache)
        # both are in redis-counters, each over a connection of its own
        self.limits = RateLimits(self.settings, sibling(self.container, Revocations).outage)
        self.logins = LoginThrottle(self.limits)
        self.shares = WorkerShares()
        self.streams = WorkerShares(what="uploads and downloads")
        self.proxies = trusted_proxies(self.settings)
        self._address_of = lru_cache(MOST_ADDRESSES)(
            lambda peer, forwarded: client_address(peer, forwarded, self.proxies)
        )
        self.account_changes.when_changed(lambda user: self.limits.forget_lease(counted_as(user)))

    def start(self) -> None:
        """Begin to forget what has ended."""
        self._forgetting = eventlet.spawn(self._forget_ended)

    def stop(self) -> None:
        """Forget nothing more."""
        self._forgetting.kill()

    def admit(self, arrival: Arrival, access: Access, limit: str) -> Caller | None:
        """Count a request, and return its caller; None on public routes.

        On a route for anybody the caller is None, too, unless they have private exercises: then
        the response is the one that everybody gets.

        Args:
            arrival: the request.
            access: who may use the route.
            limit: name of the rate limit.

        Raises:
            RateLimitExceeded: too many requests of this user, or from this address.
            Unauthorized: the route needs a token, and there is no valid one.
            Forbidden: the route is for other users, or not for this token.
        """
        request = arrival.request
        if access is PUBLIC:
            self.count_address(request, limit)
            return None
        if access is OPTIONAL:
            return self._owner(arrival, limit)
        self._check_unknown(arrival, limit)
        try:
            caller = self._caller(arrival)
        except Unauthorized:
            # guessed tokens count for the address; otherwise guessing would be free
            self.count_address(request, limit)
            raise
        request.user_id = caller.user_id
        self.limits.count(limit, caller.counted_as)
        _check_scope(caller, arrival.scope)
        if access is ADMIN and not caller.is_admin:
            raise Forbidden("This is for administrators")
        if access is SELF:
            _check_self(request, caller)
        return caller

    def _check_unknown(self, arrival: Arrival, limit: str) -> None:
        """Refuse a token that only the users service knows, if its address is at its limit.

        Otherwise guessing personal access tokens would go on costing it a question each.
        """
        if arrival.token is not None and self.standings.is_unknown(arrival.token):
            self.limits.check(limit, self._address(arrival.request))

    def count_address(self, request: HttpRequest, limit: str) -> None:
        """Count a request for the address that it comes from.

        Raises:
            RateLimitExceeded: too many requests from this address.
        """
        self.limits.count(limit, self._address(request))

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

    def password(self, request: HttpRequest, caller: Caller) -> AbstractContextManager[None]:
        """Surround what a signed-in user has to give their password for."""
        return self.logins.confirmation(caller.user_id, self._address(request))

    def _forget_ended(self) -> None:
        """Keep nothing for long of users who come no more: their accounts may be deleted.

        The event that says so comes once, and what they have sent may arrive after it.
        """
        while True:
            eventlet.sleep(FORGET_SECONDS)
            self.standings.forget_ended()
            self.owners.forget_ended()
            self.limits.forget_ended_leases()

    def _owner(self, arrival: Arrival, limit: str) -> Caller | None:
        """Count a request; return its caller if the token is valid and they have exercises.

        It is counted before anybody is asked, so that a request beyond the limit costs nothing: for
        the user if they are known to have some, otherwise for the address.
        """
        if self._is_known_owner(arrival.token):
            caller = self._let_in(arrival)
            if caller is not None:
                self.limits.count(limit, caller.counted_as)
                return caller
        self.count_address(arrival.request, limit)
        try:
            claimed = self._claimed_caller(arrival)
        except GymError:
            return None
        is_owner = self.owners.is_one(claimed.user_id, arrival.on_behalf())
        return self._let_in(arrival) if is_owner else None

    def _is_known_owner(self, token: str | None) -> bool:
        """Return whether a token names a user who is known to have exercises."""
        try:
            claimed = None if token is None else self.standings.claimed_without_asking(token)
        except Unauthorized:
            return False
        return claimed is not None and bool(self.owners.known(claimed.user_id))

    def _let_in(self, arrival: Arrival) -> Caller | None:
        """Return the caller; None also if nobody can tell whether the token is still good.

        The response is then the one that everybody gets.
        """
        try:
            return self.signed_in(arrival)
        except GymError:
            return None

    def signed_in(self, arrival: Arrival) -> Caller | None:
        """Return the caller of a request whose token is good for it, or None.

        Raises:
            ServiceUnavailable: nobody can tell whether it is.
        """
        try:
            caller = self._caller(arrival)
        except Unauthorized:
            return None
        if not caller.may(arrival.scope):
            return None
        arrival.request.user_id = caller.user_id
        return caller

    def _caller(self, arrival: Arrival) -> Caller:
        claimed = self._claimed_caller(arrival)
        arrival.when_known(claimed)
        known: Caller | None = context_of(arrival.request).caller
        if known is not None and known.token == claimed.token:
            return known
        wait = self.standings.ask_generation(claimed)
        return self.standings.check(claimed, wait(), arrival.on_behalf)

    def _claimed_caller(self, arrival: Arrival) -> Caller:
        """Return the caller that a valid token names, which may have been revoked."""
        if arrival.token is None:
            raise Unauthorized("Sign in first: this needs a bearer token")
        return self.standings.claimed(arrival.token, arrival.on_behalf)

    def sees_the_catalogue_alone(self, token: str) -> bool:
        """Return whether a token's user is known to have no private exercises; never waits."""
        caller = self.standings.tokens.cached(token)
        return caller is not None and self.owners.known(caller.user_id) is False

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


def bearer_token(request: HttpRequest) -> str | None:
    """Return the bearer token of a request, unchecked."""
    match = _BEARER.fullmatch((request.header("Authorization") or "").strip())
    return None if match is None else match[1]


def _check_scope(caller: Caller, scope: str | None) -> None:
    if caller.may(scope):
        return
    if scope is None:
        raise Forbidden("A personal access token can't do this: sign in with e-mail and password")
    raise Forbidden(f"This token lacks the scope {scope}", dumps({"missing_scope": scope}))


def _check_self(request: HttpRequest, caller: Caller) -> None:
    try:
        wanted = load(_BY_ID, request.path_values)["id"]
    except InvalidParameter:
        return  # reported later, with all other bad parameters
    if wanted != caller.user_id and not caller.is_admin:
        raise Forbidden("This is another user's profile")
