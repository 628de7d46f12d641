"""Tokens that were revoked before they end, noted in the counters' store: nothing evicts them.

Without Redis only this process's own memory counts: what it has revoked, or seen revoked. Another
process then takes a revoked token until Redis is back, because the alternative is that nobody could
use anything; the token still ends by itself. A revocation that could not be noted, as Redis was
away or full, is repeated until it can.

That a token is *not* revoked is remembered like anything else that is made from what others write:
under a version in the cache, which was there before the question and which revoking any of the
user's tokens replaces. So whoever asks the cache for a version anyway learns in the same command
whether what is known of a token still holds.
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
        self._known: OrderedDict[str, None] = OrderedDict()
        self._valid: OrderedDict[str, str] = OrderedDict()

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return the host and the port of the server."""
        return settings.redis_counters_host, settings.redis_counters_port

    def add(self, token_id: str, user_id: int, seconds: int) -> None:
        """Note a token as revoked, for all processes.

        Args:
            token_id: its claim ``jti``.
            user_id: whose it is.
            seconds: until nobody takes it any more.
        """
        self.add_here(token_id)
        self._send_surely({revocation_key(token_id): (str(user_id), max(int(seconds), 1))})

    def add_here(self, token_id: str) -> None:
        """Take a token for revoked in this process, whatever becomes of Redis."""
        self._known[token_id] = None
        self._valid.pop(token_id, None)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def has(self, token_id: str) -> bool:
        """Tell whether a token has been revoked, as far as can be known."""
        if token_id in self._known:
            return True
        is_noted, _ = self._ask("EXISTS", revocation_key(token_id))
        if is_noted:
            self.add_here(token_id)
        return bool(is_noted)

    def confirm_valid(self, token_id: str, generation: str) -> None:
        """Find out, without waiting, whether a token is good, and remember it if it is.

        Args:
            token_id: the token's claim ``jti``.
            generation: of the user's tokens, as it was before this question.
        """

        def note(is_noted: int | None, _run: str | None) -> None:
            # None: nobody knows. Whatever lies under the key, that there is something counts.
            if is_noted == 0 and token_id not in self._known:
                self._valid[token_id] = generation
                if len(self._valid) > MOST_KNOWN:
                    self._valid.popitem(last=False)

        self._begin(("EXISTS", revocation_key(token_id)), note)

    def is_known_valid(self, token_id: str, generation: str | None) -> bool:
        """Tell whether a token is known to be good under the current version; asks nobody."""
        return generation is not None and self._valid.get(token_id) == generation

    def is_unknown(self, token_id: str) -> bool:
        """Tell whether nothing was learnt of a token yet."""
        return token_id not in self._valid


def revocation_key(token_id: str) -> str:
    """Return the key under which a token, known by its claim ``jti``, is noted as revoked."""
    return f"user:token:revoked:{token_id}"
