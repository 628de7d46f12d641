"""Passwords, stored as bcrypt hashes (docs/decisions/bcrypt.md)."""

import os

import bcrypt
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.passwords import MOST_BYTES, normalised
from services.process.settings import SETTINGS_KEY

AT_ONCE = os.cpu_count() or 1
"""Hashing does nothing but compute: more than one for each core would only make each later."""


class Passwords(DependencyProvider):
    """Makes and checks hashes in threads, so that other requests go on meanwhile.

    bcrypt gives the GIL back while it hashes, but a greenthread that calls it would stop the event
    loop for 50 ms and more; hence eventlet's ``tpool``. The cost is ``BCRYPT_COST``; a hash carries
    the cost that it was made with.
    """

    def setup(self) -> None:
        """Read the cost."""
        self.cost = self.container.config[SETTINGS_KEY].bcrypt_cost
        # as long as a real hash and of the same cost, so that comparing takes the same time
        self.nobodys_hash = bcrypt.gensalt(self.cost) + b"." * 31
        self._free = Semaphore(AT_ONCE)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Passwords":
        """Return the provider itself: all workers share the semaphore."""
        return self

    def hash(self, password: str) -> str:
        """Return the hash of a password's normal form; the password has passed its schema."""
        secret = normalised(password).encode()
        salt = bcrypt.gensalt(self.cost)
        with self._free:
            return tpool.execute(bcrypt.hashpw, secret, salt).decode()

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Return whether a password is the one that a hash was made from.

        It takes the same time without a hash, and for a password that can't be right: how many
        comparisons are made depends on the password alone, so the time does not tell whether there
        is an account (``benchmarks/login_timing.py``).

        Args:
            password: any text.
            password_hash: None if there is no account with the e-mail.
        """
        secrets = _secrets(password)
        hashed = self.nobodys_hash if password_hash is None else password_hash.encode()
        with self._free:
            same = tpool.execute(_is_any, secrets or [b""], hashed)
        return same and bool(secrets) and password_hash is not None


def _is_any(secrets: list[bytes], hashed: bytes) -> bool:
    return any(bcrypt.checkpw(secret, hashed) for secret in secrets)


def _secrets(password: str) -> list[bytes]:
    """Return the spellings of a password to compare; none if it can't be anybody's."""
    # hashes of earlier versions were made of passwords as they were typed
    spellings = dict.fromkeys((normalised(password), password))
    # a lone surrogate, which UTF-8 has no bytes for, becomes bytes that are in no password
    secrets = (spelling.encode("utf-8", "surrogatepass") for spelling in spellings)
    # bcrypt 3.2.2 ignores what follows the 72nd byte, and raises ValueError for NUL
    return [secret for secret in secrets if len(secret) <= MOST_BYTES and b"\0" not in secret]
