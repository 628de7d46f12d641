"""Tokens that were revoked before they end, in the counters' Redis, which evicts nothing.

While that Redis is down, a process knows only the revocations in its own memory. Another process
then accepts a revoked token until Redis is back, as the alternative is to refuse all tokens; the
token still expires. A revocation that could not be written, as Redis was down or full, is retried
(``services.transport.redis.pending_writes``).

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
    """Dependency provider of the revoked tokens. No method raises because of Redis."""

    part = "redis-counters"

    def __init__(self) -> None:
        super().__init__()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        """Ids of revoked tokens that this process knows."""
        self._valid: OrderedDict[str, str] = OrderedDict()
        """By a token's id, the generation of its user's tokens in which it was not revoked."""

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return host and port of the server."""
        return settings.redis_counters_host, settings.redis_counters_port

    def add(self, token_id: str, user_id: int, seconds: int) -> None:
        """Revoke a token, for all processes.

        Args:
            token_id: its claim ``jti``.
            user_id: its user; stored for operators, no program reads it.
            seconds: until it expires.
        """
        self.add_here(token_id)
        self._send_surely({revocation_key(token_id): (str(user_id), max(int(seconds), 1))})

    def add_here(self, token_id: str) -> None:
        """Revoke a token in this process, independently of Redis."""
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
        """Look up, without waiting, whether a token is valid; cache that under a generation.

        Args:
            token_id: the token's claim ``jti``.
            generation: of the user's tokens, read before this look-up: a revocation replaces it
                after writing, so one in between is not missed.
        """

        def take(is_noted: int | None, _run: str | None) -> None:
            # None: unknown, as Redis is down. Only the existence of the key counts, not its value.
            if is_noted == 0 and token_id not in self._revoked:
                self._valid[token_id] = generation
                if len(self._valid) > MOST_KNOWN:
                    self._valid.popitem(last=False)

        # EXISTS and not GET, which would be refused for a value of another type
        self._begin(("EXISTS", revocation_key(token_id)), take)

    def is_known_valid(self, token_id: str, generation: str | None) -> bool:
        """Return whether a token is cached as valid under this generation; never asks Redis."""
        return generation is not None and self._valid.get(token_id) == generation

    def is_unconfirmed(self, token_id: str) -> bool:
        """Return whether a token was never found valid by :meth:`confirm_valid`."""
        return token_id not in self._valid


def revocation_key(token_id: str) -> str:
    """Return the key under which a token, known by its claim ``jti``, is noted as revoked."""
    return f"user:token:revoked:{token_id}"
