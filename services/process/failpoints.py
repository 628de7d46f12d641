"""Failpoints: places where a test makes a development run fail on purpose.

``GYM_FAILPOINTS=workouts.after_commit:exit:1,analytics.handle:fail:broken`` names places and what
happens there: ``exit`` ends the process at once with a code, ``fail`` raises, ``sleep`` waits for
some seconds. Outside development, and without the variable, passing a place costs one look at an
empty dictionary.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial

import eventlet

from services.process.settings import DEVELOPMENT, BadSettings

VARIABLE = "GYM_FAILPOINTS"


class FailedOnPurpose(Exception):
    """What a failpoint raises."""


def _fail(message: str) -> None:
    raise FailedOnPurpose(message)


_ACTIONS: dict[str, Callable[[str], None]] = {
    "exit": lambda code: os._exit(int(code)),
    "fail": _fail,
    "sleep": lambda seconds: eventlet.sleep(float(seconds)),
}


def read(environment: Mapping[str, str]) -> dict[str, Callable[[], None]]:
    """Return what happens at which place.

    Raises:
        BadSettings: it can't be read.
    """
    if environment.get("GYM_ENV", DEVELOPMENT) != DEVELOPMENT:
        return {}
    points = {}
    for item in filter(None, environment.get(VARIABLE, "").split(",")):
        place, _, rest = item.strip().partition(":")
        action, _, argument = rest.partition(":")
        if action not in _ACTIONS:
            raise BadSettings(f"{VARIABLE} must be like place:action:argument")
        points[place] = partial(_ACTIONS[action], argument)
    return points


def failpoint(place: str) -> None:
    """Do what was asked for at a place, which is nothing but in a test."""
    if _POINTS and place in _POINTS:
        _POINTS[place]()


_POINTS = read(os.environ)
