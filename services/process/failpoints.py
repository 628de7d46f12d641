"""Failpoints: places in the code where tests inject faults into a development run.

``GYM_FAILPOINTS=workouts.after_commit:exit:1,analytics.handle:fail:broken`` is a list of
``place:action:argument``: ``exit`` ends the process at once with a code, ``fail`` raises, ``sleep``
waits for some seconds. Outside development the variable is ignored. An unused failpoint costs one
check of an empty dictionary.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial

import eventlet

from services.process.settings import DEVELOPMENT, BadSettings

VARIABLE = "GYM_FAILPOINTS"


class FailedOnPurpose(Exception):
    """Raised by the action ``fail``."""


def _fail(message: str) -> None:
    raise FailedOnPurpose(message)


_ACTIONS: dict[str, Callable[[str], None]] = {
    "exit": lambda code: os._exit(int(code)),
    "fail": _fail,
    "sleep": lambda seconds: eventlet.sleep(float(seconds)),
}


def read(environment: Mapping[str, str]) -> dict[str, Callable[[], None]]:
    """Return the actions by place.

    Raises:
        BadSettings: the variable is malformed.
    """
    if environment.get("GYM_ENV", DEVELOPMENT) != DEVELOPMENT:
        return {}
    points: dict[str, Callable[[], None]] = {}
    for item in filter(None, environment.get(VARIABLE, "").split(",")):
        place, _, rest = item.strip().partition(":")
        action, _, argument = rest.partition(":")
        if action not in _ACTIONS:
            raise BadSettings(f"{VARIABLE} must be like place:action:argument")
        points[place] = partial(_ACTIONS[action], argument)
    return points


def failpoint(place: str) -> None:
    """Run the action that a test has set for this place, if any."""
    if _POINTS and place in _POINTS:
        _POINTS[place]()


_POINTS = read(os.environ)
