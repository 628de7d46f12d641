"""Passwords, stored as bcrypt hashes (docs/decisions/bcrypt.md)."""

import os
from typing import Any

import bcrypt
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import Forbidden, ValidationFailed, fault
from schemas.loading import Body, load
from schemas.passwords import MOST_BYTES, normalised
from services.process.settings import SETTINGS_KEY
from services.users.common_passwords import (
    EXAMPLE_PASSWORDS,
    MOST_COMMON,
    as_compared,
    read_common_passwords,
)

AT_ONCE = os.cpu_count() or 1
"""Hashing does nothing but compute: more than one for each core would only make each later."""


class Passwords(DependencyProvider):
    """Makes and checks hashes in threads, so that other requests go on meanwhile.

    bcrypt gives the GIL back while it hashes, but a greenthread that calls it would stop the event
    loop for 50 ms and more; hence eventlet's ``tpool``. The cost is ``BCRYPT_COST``; a hash carries
    the cost that it was made with.
    """

    def setup(self) -> None:
        """Read the cost, and which passwords are common."""
        self.cost = self.container.config[SETTINGS_KEY].bcrypt_cost
        # as long as a real hash and of the same cost, so that comparing takes the same time
        self.nobodys_hash = bcrypt.gensalt(self.cost) + b"." * 31
        self._free = Semaphore(AT_ONCE)
        self._common = read_common_passwords()
        if self.container.config[SETTINGS_KEY].development:
            self._common -= EXAMPLE_PASSWORDS

    def get_dependency(self, worker_ctx: WorkerContext) -> "Passwords":
        """Return the provider itself: all workers share the semaphore."""
        return self

    def load_new(self, schema: Body, data: object, field: str = "password") -> dict[str, Any]:
        """Validate and convert input in which somebody chooses a password.

        Args:
            schema: see :func:`schemas.loading.load`.
            data: the input as it came.
            field: the name of the new password in it.

        Returns:
            The values by name.

        Raises:
            ValidationFailed: the input breaks rules of its schema, or the password is among the
                commonest; all faults are listed.
        """
        chosen = data.get(field) if isinstance(data, dict) else None
        common = [_common_fault(field)] if self.is_common(chosen) else []
        try:
            values = load(schema, data)
        except ValidationFailed as problem:
            raise ValidationFailed.of(*problem.faults, *common) from None
        if common:
            raise ValidationFailed.of(*common)
        return values

    def is_common(self, password: object) -> bool:
        """Return whether a password is among the commonest, in capitals or not."""
        return (
            isinstance(password, str)
            and len(password) <= MOST_BYTES
            and as_compared(password) in self._common
        )

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


def wrong_password() -> Forbidden:
    """Return the error for who is signed in and has given another password than their own."""
    # 403: a 401 would make apps sign their user out
    return Forbidden("The password is wrong")


def _common_fault(field: str) -> dict[str, Any]:
    message = f"Password is one of the {MOST_COMMON:,} commonest, which are guessed first"
    return fault(field, message, "common", most_common=MOST_COMMON)


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
