"""Waiting for what happens by itself."""

import time
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 0.05


def eventually(
    condition: Callable[[], Any], seconds: float = 10, pause: float = PAUSE_SECONDS
) -> Any:
    """Return what a condition returns as soon as that is true.

    Args:
        condition: asked again and again. If it asserts what is not so yet, or looks up what is not
            there yet, that means "not yet", and is what the test fails with if it never is.
        seconds: how long to go on asking.
        pause: seconds from one question to the next.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (AssertionError, LookupError):
            if time.monotonic() >= until:
                raise
        else:
            if found:
                return found
            if time.monotonic() >= until:
                raise AssertionError(f"not within {seconds} seconds: {condition}")
        time.sleep(pause)
