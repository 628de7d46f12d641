"""Guessing passwords: limited, without giving anybody the means to lock somebody else out.

A limit that only counts tries for an e-mail is a weapon: whoever knows the e-mail uses it up, and
its owner stays outside. So tries are counted for an e-mail *from an address*, and failures also
for the e-mail as a whole. Once those are too many, an address that has not failed itself may still
try: a right password comes in, a wrong one is refused and ends the tries of that address, too.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from marshmallow import ValidationError

from gateway.admission.rate_limits import LOGIN_EMAIL, LOGIN_FAILURES, RateLimits
from schemas.errors import Unauthorized
from schemas.fields import Email

_EMAIL = Email(required=True)


class LoginThrottle:
    """Counts tries and failures.

    Args:
        limits: where they are counted.
    """

    def __init__(self, limits: RateLimits):
        self.limits = limits

    @contextmanager
    def attempt(self, email: object, address: str) -> Iterator[None]:
        """Surround one try; whether it fails is seen from what is raised inside.

        Args:
            email: as the client gave it, of any type.
            address: where the try comes from.

        Raises:
            RateLimitExceeded: too many tries; also instead of the failure that is one too many.
        """
        if not isinstance(email, str):
            yield
            return
        everywhere = _canonical(email)
        here = f"{everywhere}:{address}"
        self.limits.count(LOGIN_EMAIL, here)
        if self.limits.has_counts(LOGIN_FAILURES, here):
            self.limits.check(LOGIN_FAILURES, everywhere)
        try:
            yield
        except Unauthorized:
            self.limits.count(LOGIN_FAILURES, here)
            self.limits.count(LOGIN_FAILURES, everywhere)
            raise


def _canonical(email: str) -> str:
    """Return one name for all spellings of an e-mail, which Redis and the log may know."""
    try:
        spelling = _EMAIL.deserialize(email)
    except ValidationError:
        spelling = email.strip().lower()
    return hashlib.sha256(spelling.encode("utf-8", "replace")).hexdigest()
