"""The idempotency key, with which a request that is sent again gives the first response again."""

import re

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header that it comes in."""

LONGEST_KEY = 255
KEY_CHARACTERS = "[!-~]"
"""Visible ASCII, as a pattern."""

HOURS_KEPT = 24
"""The first response is given again for so long."""

_KEY = re.compile(f"{KEY_CHARACTERS}{{1,{LONGEST_KEY}}}")


def is_idempotency_key(value: object) -> bool:
    """Tell whether this is 1 to 255 visible ASCII characters."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
