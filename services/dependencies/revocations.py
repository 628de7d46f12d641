"""Tokens that were revoked before they end, in the counters' Redis, which evicts nothing.

Without that Redis only this process's own memory counts: what it has revoked, or seen revoked.
Another process then takes a revoked token until Redis is back, because the alternative is that
nobody could use anything; the token still ends by itself. A revocation that could not be written,
as Redis was away or full, is repeated until it can (``services.transport.redis.pending_writes``).

That a token is *not* revoked is cached under a generation in the cache's Redis
(:mod:`services.dependencies.cache`): read before the question is asked, and replaced when any of
the user's tokens is revoked. A request that asks for another generation asks for this one in the
same command.
"""

from collections import OrderedDict

from services.process.settings import Settings
from services.transport.redis.store import RedisStore

MOST_KNOWN = 10_000


class Revocations(RedisStore):
    """Gives workers the list of revoked tokens. No method ever raises because of Redis."""

    part = "redis-counters"

    def __init__(self) -> None:
        super().__init__()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        """Ids of tokens, as far as this process knows."""
        self._valid: OrderedDict[str, str] = OrderedDict()
        """By a token's id, the generation of its user's tokens in which it was not revoked."""

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return the host and the port of the server."""
        return settings.redis_counters_host, settings.redis_counters_port

    def add(self, token_id: str, user_id: int, seconds: int) -> None:
        """Revoke a token, for all processes.

        Args:
            token_id: its claim ``jti``.
            user_id: whose it is; stored for a person who looks, no program reads it.
            seconds: until it ends by itself.
        """
        self.add_here(token_id)
        self._send_surely({revocation_key(token_id): (str(user_id), max(int(seconds), 1))})

    def add_here(self, token_id: str) -> None:
        """Count a token as revoked in this process, whatever becomes of Redis."""
        self._revoked[token_id] = None
        self._valid.pop(token_id, None)
        if len(self._revoked) > MOST_KNOWN:
            self._revoked.popitem(last=False)

    def has(self, token_id: str) -> bool:
        """Return whether a token has been revoked, as far as can be known."""
        if token_id in self._revoked:
            return True
        is_noted, _ = self._ask("EXISTS", revocation_key(token_id))
        if is_noted:
            # Redis may lose it: the revocations of its last minute, if it is killed
            self.add_here(token_id)
        return bool(is_noted)

    def confirm_valid(self, token_id: str, generation: str) -> None:
        """Find out, without waiting, whether a token is valid, and note the generation if it is.

        Args:
            token_id: the token's claim ``jti``.
            generation: of the user's tokens, as it was before this question: whoever revokes one
                replaces the generation after that, so a revocation in between is not missed.
        """

        def take(is_noted: int | None, _run: str | None) -> None:
            # None: nobody knows. Whatever lies under the key, that there is something counts.
            if is_noted == 0 and token_id not in self._revoked:
                self._valid[token_id] = generation
                if len(self._valid) > MOST_KNOWN:
                    self._valid.popitem(last=False)

        # EXISTS and not GET, which would be refused for a value of another type
        self._begin(("EXISTS", revocation_key(token_id)), take)

    def is_known_valid(self, token_id: str, generation: str | None) -> bool:
        """Return whether a token was valid in this generation of the user's tokens; asks nobody."""
        return generation is not None and self._valid.get(token_id) == generation

    def is_unconfirmed(self, token_id: str) -> bool:
        """Return whether a token was never found valid by :meth:`confirm_valid`."""
        return token_id not in self._valid


def revocation_key(token_id: str) -> str:
    """Return the key under which a token, known by its claim ``jti``, is noted as revoked."""
    return f"user:token:revoked:{token_id}"
