"""Tokens that were revoked before they end, in the counters' Redis, which evicts nothing.

The truth is in the users service's database (``services.users.token_checks``). These notes are for
the gateways and the users services of the version before, which know no other, and are asked for by
those that meet one during an upgrade. A note that could not be written, as Redis was down or full,
is retried (``services.transport.redis.pending_writes``).
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

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return host and port of the server."""
        return settings.redis_counters_host, settings.redis_counters_port

    def add(self, token_id: str, user_id: int, seconds: int) -> None:
        """Revoke a token, for all processes.

        Args:
            token_id: its claim ``jti``.
            user_id: its user; not stored, as it would be there after the account was deleted.
            seconds: until it expires.
        """
        self.add_here(token_id)
        self._send_surely({revocation_key(token_id): ("1", max(int(seconds), 1))})

    def add_here(self, token_id: str) -> None:
        """Revoke a token in this process, independently of Redis."""
        self._revoked[token_id] = None
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


def revocation_key(token_id: str) -> str:
    """Return the key under which a token, known by its claim ``jti``, is noted as revoked."""
    return f"user:token:revoked:{token_id}"
