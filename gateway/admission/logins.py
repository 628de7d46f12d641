"""A throttle of password guessing that can't lock out the owner of an account.

A limit per e-mail alone would let anybody who knows the e-mail use it up, so that its owner can't
log in. So attempts are counted per e-mail *and address*, and failures also per e-mail. Once those
are too many, an address without failures of its own may still try: the right password is accepted,
a wrong one is refused and ends the attempts of that address.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from marshmallow import ValidationError

from gateway.admission.rate_limits import LOGIN_EMAIL, LOGIN_FAILURES, RateLimits
from schemas.errors import Forbidden, GymError, Unauthorized
from schemas.fields import Email

_EMAIL = Email(required=True)


class LoginThrottle:
    """Counts the attempts to log in, and their failures, in the rate limits."""

    def __init__(self, limits: RateLimits):
        self.limits = limits

    @contextmanager
    def attempt(self, email: object, address: str) -> Iterator[None]:
        """Surround a login attempt; it has failed if ``Unauthorized`` is raised inside.

        Args:
            email: from the request's body, of any type.
            address: the client's.

        Raises:
            RateLimitExceeded: too many attempts; replaces ``Unauthorized`` for the last failure.
        """
        if not isinstance(email, str):
            # matches no account; the users service refuses it
            yield
            return
        with self._counted(_canonical(email), address, Unauthorized):
            yield

    @contextmanager
    def confirmation(self, user_id: int, address: str) -> Iterator[None]:
        """Surround what a signed-in user gives their password for, by the same rules.

        It has failed if ``Forbidden`` is raised inside.

        Raises:
            RateLimitExceeded: too many attempts.
        """
        with self._counted(f"user-{user_id}", address, Forbidden):
            yield

    @contextmanager
    def _counted(self, everywhere: str, address: str, failure: type[GymError]) -> Iterator[None]:
        here = f"{everywhere}:{address}"
        self.limits.count(LOGIN_EMAIL, here)
        if self.limits.has_counts(LOGIN_FAILURES, here):
            self.limits.check(LOGIN_FAILURES, everywhere)
        try:
            yield
        except failure:
            self.limits.count(LOGIN_FAILURES, here)
            self.limits.count(LOGIN_FAILURES, everywhere)
            raise


def _canonical(email: str) -> str:
    """Return one key for all spellings of an e-mail; hashed, as keys are logged."""
    try:
        spelling = _EMAIL.deserialize(email)
    except ValidationError:
        spelling = email.strip().lower()
    return hashlib.sha256(spelling.encode("utf-8", "replace")).hexdigest()
