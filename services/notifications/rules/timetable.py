"""When a delivery that failed is tried again, and when a webhook is given up."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60, 3600

# the example of the Standard Webhooks specification
PAUSES = (
    *(5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
    *(10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
)
"""Seconds before each further attempt; after the last one a delivery is given up."""

JITTER = 0.1
"""By so much of itself a pause is longer at most: not all of a receiver come at once."""

LONGEST_ASKED_FOR = 24 * _HOUR
"""``Retry-After`` is honoured up to this."""

DAYS_OF_FAILURES = 7
"""After these a webhook that has accepted nothing is disabled."""

DAYS_BETWEEN_FAILURES = 2
"""After so many without a failed attempt the week begins anew: nothing was tried meanwhile."""


def pause(
    attempts: int, asked_for: float | None = None, chance: Callable[[], float] = random.random
) -> float | None:
    """Return the seconds until the next attempt; None if there is none.

    Args:
        attempts: that were made, at least 1.
        asked_for: what the receiver has said in ``Retry-After``, in seconds.
        chance: returns a number from 0 to 1.
    """
    if attempts > len(PAUSES):
        return None
    usual = PAUSES[attempts - 1] * (1 + JITTER * chance())
    return max(usual, min(asked_for or 0, LONGEST_ASKED_FOR))


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` says (RFC 9110, 10.2.3); None if it says none."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # it raises both, as a date may be anything that looks like one
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0)
