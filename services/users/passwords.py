"""Passwords, kept as bcrypt hashes."""

import os

import bcrypt
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.fields import Password
from services.dependencies.settings import SETTINGS_KEY

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
        """Return the hash to keep for a password that keeps the rules."""
        salt = bcrypt.gensalt(self.cost)
        with self._free:
            return tpool.execute(bcrypt.hashpw, password.encode(), salt).decode()

    def matches(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one that a hash was made from.

        It takes the same time for a password that can't be right, and without a hash.

        Args:
            password: any text.
            kept: the hash, or None if nobody is known by the e-mail.
        """
        secret = _readable(password)
        with self._free:
            same = tpool.execute(
                bcrypt.checkpw,
                b"" if secret is None else secret,
                self.nobodys_hash if kept is None else kept.encode(),
            )
        return same and secret is not None and kept is not None


def _readable(password: str) -> bytes | None:
    """Return what bcrypt reads of a password, or None if it would refuse it."""
    # lone surrogates become bytes that no password holds
    secret = password.encode("utf-8", "surrogatepass")
    return None if len(secret) > Password.MOST_BYTES or b"\0" in secret else secret
