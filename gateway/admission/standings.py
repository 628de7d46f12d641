"""The standing of tokens: whether they still let anybody in, as whom, and what for.

The users service knows it; a session that has ended, a role that was taken or a disabled account is
in its database, and nowhere else for good. What it has said of a token holds

- while the generation of the user's tokens in Redis is the one that was read before it was asked:
  it replaces that before it acknowledges a change, so all gateways refuse at once; and
- for a minute at most, in case that a replacement never came about;
- while Redis is away: until the event that tells of a change, or the end of that minute.

When the users service is away, a token whose generation is unchanged stays good beyond the minute.
One of which nothing is known is refused with a 503: a signature does not tell that it was revoked.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import SharedExtension

from gateway.admission.account_changes import AccountChanges
from gateway.admission.callers import Caller, CallerSettings, TokenCache
from gateway.upstream.remote_services import UpstreamService
from schemas.errors import GymError, Unauthorized
from schemas.roles import USER
from schemas.scopes import TOKEN_PREFIX
from services.auth import LIFETIME_SECONDS
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.revocations import Revocations
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.process import budgets
from services.process.bounded_map import BoundedMap
from services.process.settings import SETTINGS_KEY

log = get_logger(__name__)

MOST_USERS = 10_000
MOST_TOKENS_OF_A_USER = 100

HOLDS_SECONDS = 60
EXTENDED_SECONDS = 10
"""For so long more, while the users service can't be asked."""


@dataclass(slots=True)
class _Standing:
    caller: Caller
    generation: str | None
    ends_at: float

    def holds(self, generation: str | None) -> bool:
        """Return whether it holds; without a generation Redis is away."""
        is_same = generation is None or generation == self.generation
        return is_same and time.monotonic() < self.ends_at


class Standings(SharedExtension):
    """Knows the standing of tokens, and asks the users service about the others."""

    account_changes = AccountChanges()

    def __init__(self) -> None:
        super().__init__()
        self._of_users: BoundedMap[int, dict[str, _Standing]] = BoundedMap(MOST_USERS)
        self._forgotten = 0
        """How often something was forgotten: an answer that was asked for before is not kept."""

    def setup(self) -> None:
        """Forget what changes of accounts have outdated."""
        self.cache = sibling(self.container, Cache)
        self.revocations = sibling(self.container, Revocations)
        self.tokens = TokenCache(self.container.config[SETTINGS_KEY])
        self.account_changes.when_changed(self.forget)

    def known(self, token: str) -> Caller | None:
        """Return the caller of a token, as last heard of; None if nothing is known. Never waits.

        It counts only if :meth:`holds` says so.
        """
        claimed = self.tokens.cached(token)
        standing = None if claimed is None else self._of(claimed)
        return None if standing is None else standing.caller

    def holds(self, caller: Caller, generation: str | None) -> bool:
        """Return whether what is known of a caller's token holds in a generation; never waits."""
        standing = self._of(caller)
        return generation is not None and standing is not None and standing.holds(generation)

    def forget(self, user_id: int) -> None:
        """Ask again about all tokens of a user, and keep nothing of them."""
        self._forgotten += 1
        self._of_users.pop(user_id, None)
        self.tokens.forget_user(user_id)

    def forget_ended(self) -> None:
        """Keep nothing of tokens that have expired."""
        self.tokens.forget_ended()
        for user_id, standings in [*self._of_users.items()]:
            for token_id, standing in [*standings.items()]:
                if standing.caller.token not in self.tokens:
                    del standings[token_id]
            if not standings:
                del self._of_users[user_id]

    def claimed(self, token: str, on_behalf: Callable[[], WorkerContext]) -> Caller:
        """Return the caller that a token names, which may have been revoked.

        Args:
            token: as the client sent it.
            on_behalf: makes the context in which the users service is asked.

        Raises:
            Unauthorized: there is no such token, or it has expired.
        """
        caller = self.claimed_without_asking(token)
        if caller is not None:
            return caller
        forgotten = self._forgotten
        caller, expires_at = self._ask_personal(token, on_behalf())
        if forgotten == self._forgotten:
            self.tokens.note(token, caller, expires_at)
        return caller

    def claimed_without_asking(self, token: str) -> Caller | None:
        """Return the caller that a token names; None if only the users service knows.

        Raises:
            Unauthorized: it is an access token that is invalid, or has expired.
        """
        caller = self.tokens.cached(token)
        if caller is None and not token.startswith(TOKEN_PREFIX):
            caller = self.tokens.caller(token)
        return caller

    def is_unknown(self, token: str) -> bool:
        """Return whether only the users service knows whose a token is; never waits."""
        return token.startswith(TOKEN_PREFIX) and self.tokens.cached(token) is None

    def ask_generation(self, caller: Caller) -> Callable[[], str | None]:
        """Ask for the generation of a caller's tokens; return a function that waits for it."""
        return self.cache.ask_generation(cache_generations.tokens_of(caller.user_id))

    def check(
        self, claimed: Caller, generation: str | None, on_behalf: Callable[[], WorkerContext]
    ) -> Caller:
        """Return a caller as they may act now.

        Args:
            claimed: the caller that the token names.
            generation: of their tokens, read in this request; None while Redis is away.
            on_behalf: makes the context in which the users service is asked.

        Raises:
            Unauthorized: the token has been revoked.
            ServiceUnavailable: nothing is known, and the users service is away.
        """
        standing = self._of(claimed)
        if standing is not None and standing.holds(generation):
            return standing.caller
        forgotten = self._forgotten
        try:
            caller = self._ask(claimed, on_behalf())
        except Unauthorized:
            self._of_users.get(claimed.user_id, {}).pop(claimed.token_id, None)
            self.tokens.forget(claimed.token)
            raise
        except GymError as problem:
            if standing is None or generation is None or generation != standing.generation:
                raise
            log.info("tokens not checked, nothing has changed", reason=str(problem))
            standing.ends_at = time.monotonic() + EXTENDED_SECONDS
            return standing.caller
        if forgotten == self._forgotten:
            self._note(caller, generation)
        return caller

    def _of(self, caller: Caller) -> _Standing | None:
        tokens = self._of_users.get(caller.user_id)
        return None if tokens is None else tokens.get(caller.token_id)

    def _note(self, caller: Caller, generation: str | None) -> None:
        tokens = self._of_users.get(caller.user_id)
        if tokens is None or len(tokens) >= MOST_TOKENS_OF_A_USER:
            tokens = self._of_users[caller.user_id] = {}
        ends_at = time.monotonic() + HOLDS_SECONDS
        tokens[caller.token_id] = _Standing(caller, generation, ends_at)
        self.tokens.note_good(caller.token)
        if generation is not None:
            key = cache_generations.tokens_of(caller.user_id)
            self.cache.prolong(generation, key, LIFETIME_SECONDS)

    def _ask(self, claimed: Caller, worker_ctx: WorkerContext) -> Caller:
        if claimed.scopes is not None:
            return self._ask_personal(claimed.token, worker_ctx)[0]
        arguments = claimed.user_id, claimed.token_id, claimed.issued_at, claimed.session_id
        found = self._call(worker_ctx, "check_token", arguments)
        if not found:
            # a users service of the version before, which revokes in Redis
            if self.revocations.has(claimed.token_id):
                raise Unauthorized("The token has been revoked")
            return claimed
        return replace(claimed, role=found["role"], settings=CallerSettings.told(found))

    def _ask_personal(self, token: str, worker_ctx: WorkerContext) -> tuple[Caller, float | None]:
        digest = sha256(token.encode("utf-8", "replace")).hexdigest()
        found = self._call(worker_ctx, "check_personal_token", (digest,))
        caller = Caller(
            found["user_id"],
            # whatever its owner may do: a script is no administrator
            USER,
            token,
            f"personal-{found['id']}",
            scopes=frozenset(found["scopes"]),
            settings=CallerSettings.told(found),
        )
        return caller, found["expires_at"]

    def _call(self, worker_ctx: WorkerContext, method: str, arguments: tuple) -> dict[str, Any]:
        # no property: Nameko reads all attributes of an extension before it is bound
        users = sibling(self.container, UpstreamService, name="users")
        result: dict[str, Any] = users.call_once(
            worker_ctx, method, arguments, {}, budgets.TOKEN_SECONDS
        )
        return result
