"""A throttle for guessed passwords that can't be used to lock an account's owner out.

A limit that only counts attempts for an e-mail is a weapon: whoever knows the e-mail uses it up,
and its owner can't log in. So attempts are counted for an e-mail *from an address*, and failures
also for the e-mail as a whole. Once those are too many, an address that has not failed itself may
still try: the right password is accepted, a wrong one is refused and ends the attempts of that
address.
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
    """Counts the attempts to log in, and their failures, in the rate limits."""

    def __init__(self, limits: RateLimits):
        self.limits = limits

    @contextmanager
    def attempt(self, email: object, address: str) -> Iterator[None]:
        """Surround one attempt, which has failed if ``Unauthorized`` is raised inside.

        Args:
            email: as the client gave it, of any type.
            address: where the attempt comes from.

        Raises:
            RateLimitExceeded: too many attempts; also in place of the failure that is one too many.
        """
        if not isinstance(email, str):
            # no account can be meant; the users service refuses it
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
    """Return one key for all spellings of an e-mail: a hash, as it gets into Redis and the log."""
    try:
        spelling = _EMAIL.deserialize(email)
    except ValidationError:
        spelling = email.strip().lower()
    return hashlib.sha256(spelling.encode("utf-8", "replace")).hexdigest()
