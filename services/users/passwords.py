"""Passwords, kept as bcrypt hashes."""

import os

import bcrypt
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.passwords import MOST_BYTES, normalised
from services.process.settings import SETTINGS_KEY

AT_ONCE = os.cpu_count() or 1
"""Hashing only uses the processor, so more at once would make each of them later."""


class Passwords(DependencyProvider):
    """Makes and checks hashes in threads of their own, so that other requests go on meanwhile.

    The cost is ``BCRYPT_COST``; a hash keeps the cost that it was made with.
    """

    def setup(self) -> None:
        """Read the cost."""
        self.cost = self.container.config[SETTINGS_KEY].bcrypt_cost
        self.nobodys_hash = bcrypt.gensalt(self.cost) + b"." * 31
        self._free = Semaphore(AT_ONCE)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Passwords":
        """Return the provider itself: all workers share the bound."""
        return self

    def hash(self, password: str) -> str:
        """Return the hash to keep for a password that keeps the rules, however it is spelt."""
        secret = normalised(password).encode()
        salt = bcrypt.gensalt(self.cost)
        with self._free:
            return tpool.execute(bcrypt.hashpw, secret, salt).decode()

    def matches(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one that a hash was made from.

        It takes the same time for a password that can't be right, and without a hash: how often
        is checked depends on the password alone.

        Args:
            password: any text.
            kept: the hash, or None if nobody is known by the e-mail.
        """
        secrets = _secrets(password)
        hashed = self.nobodys_hash if kept is None else kept.encode()
        with self._free:
            same = tpool.execute(_is_any, secrets or [b""], hashed)
        return same and bool(secrets) and kept is not None


def _is_any(secrets: list[bytes], hashed: bytes) -> bool:
    return any(bcrypt.checkpw(secret, hashed) for secret in secrets)


def _secrets(password: str) -> list[bytes]:
    """Return what bcrypt reads of a password, without what it would refuse."""
    # hashes of earlier versions are of passwords as they were typed
    spellings = dict.fromkeys((normalised(password), password))
    # lone surrogates become bytes that no password holds
    secrets = (spelling.encode("utf-8", "surrogatepass") for spelling in spellings)
    return [secret for secret in secrets if len(secret) <= MOST_BYTES and b"\0" not in secret]
