"""The formats of exports: what stands before, for each workout, and after."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from schemas.cells import lines
from schemas.exported import FORMAT, VERSION
from schemas.exports import HEVY, JSON, STRONG
from services.workouts.exports import hevy, strong

_LEFT_OUT = frozenset(
    {"id", "user_id", "version", "created_at", "updated_at", "exercise_id", "rep_type"}
)
"""What an account gives anew to what is imported, or what follows from the measure."""

_JSON_HEAD = f'{{"format": "{FORMAT}", "version": {VERSION}, "workouts": [\n'


@dataclass(frozen=True)
class Format:
    """How workouts become text.

    ``head`` and ``body`` are given the unit of weights, which matters if a file can have only one;
    ``body`` also how much later the workout has to begin (:mod:`starts`), and whether another one
    stands before. ``step`` is what starts are written in.
    """

    head: Callable[[str], str]
    body: Callable[[dict[str, Any], timedelta, str, bool], str]
    tail: str = ""
    step: timedelta = timedelta(seconds=1)


def _strong_body(workout: dict[str, Any], moved: timedelta, _unit: str, _goes_on: bool) -> str:
    return lines(strong.rows(workout, moved), strong.DELIMITER)


def _hevy_body(workout: dict[str, Any], moved: timedelta, unit: str, _goes_on: bool) -> str:
    return lines(hevy.rows(workout, moved, unit), hevy.DELIMITER)


def _json_body(workout: dict[str, Any], _moved: timedelta, _unit: str, goes_on: bool) -> str:
    # a line each, so that a program can read them one by one
    return (",\n" if goes_on else "") + orjson.dumps(without_ids(workout)).decode()


def without_ids(workout: dict[str, Any]) -> dict[str, Any]:
    """Return what JSON has of a workout."""
    exercises = [
        _kept(exercise) | {"sets": [_kept(logged) for logged in exercise["sets"]]}
        for exercise in workout["exercises"]
    ]
    return _kept(workout) | {"exercises": exercises}


def _kept(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in _LEFT_OUT}


FORMATS = {
    STRONG: Format(
        lambda unit: lines([strong.HEADER], strong.DELIMITER), _strong_body, step=strong.STEP
    ),
    HEVY: Format(
        lambda unit: lines([hevy.header(unit)], hevy.DELIMITER), _hevy_body, step=hevy.STEP
    ),
    JSON: Format(lambda unit: _JSON_HEAD, _json_body, "\n]}\n"),
}
