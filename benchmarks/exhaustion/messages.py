"""What attackers send: requests as bytes that are ready, and bodies that no client would send.

Requests are text of which each character is a byte, so that a plan can carry them as JSON.
"""

import json
from collections.abc import Iterable
from itertools import islice, product
from string import ascii_letters, digits

LARGEST_BODY = 1024 * 1024
"""What the gateway takes, by the contract."""

LONGEST_TARGET = 7900
"""A little less than it takes of a path with a query."""

MARKER = {"__type__": "x", "__value__": 1}
"""What kombu's object hook takes for a type of its own, and does not know."""

TODAY = "2026-01-05"
EXERCISE = 1
KEY_LENGTH = 3
SETS, NOTES = 900, 1000
"""Of a workout that is about as large as one can be."""


def get(path: str, token: str = "") -> str:
    """Return a GET."""
    return _head("GET", path, token) + "\r\n"


def post(path: str, body: object, token: str = "") -> str:
    """Return a POST.

    Args:
        path: where to.
        body: a JSON value, or text that goes as it is.
        token: of whoever is signed in.
    """
    text = body if isinstance(body, str) else json.dumps(body)
    more = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return f"{_head('POST', path, token)}{more}\r\n{text}"


def _head(method: str, path: str, token: str) -> str:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"{method} {path} HTTP/1.1\r\nHost: gym\r\n{authorization}"


def workout_with(**of_a_set: object) -> dict:
    """Return a workout of one set that has these fields."""
    one = {"reps": 5, **of_a_set}
    return {"date": TODAY, "exercises": [{"exercise_id": EXERCISE, "sets": [one]}]}


def large_workout() -> dict:
    """Return a workout of nearly a mebibyte, which breaks no rule."""
    sets = [{"reps": 5, "weight": 100, "notes": "n" * NOTES} for _ in range(SETS)]
    lots = [sets[first : first + 100] for first in range(0, SETS, 100)]
    return {
        "date": TODAY,
        "exercises": [{"exercise_id": EXERCISE, "sets": lot} for lot in lots],
    }


def many_members(count: int) -> str:
    """Return members of an object, all different and as short as can be, without its brackets."""
    keys = islice(product(ascii_letters + digits, repeat=KEY_LENGTH), count)
    return ",".join(f'"{"".join(key)}":0' for key in keys)


def unknown_fields(size: int) -> str:
    """Return a workout's body of so many bytes, nearly all of them unknown fields of a set."""
    start = f'{{"date":"{TODAY}","exercises":[{{"exercise_id":1,"sets":[{{"reps":5,'
    end = "}]}]}"
    count = (size - len(start) - len(end)) // len('"abc":0,')
    return start + many_members(count) + end


def heavy_bodies() -> list[str]:
    """Return bodies of nearly a mebibyte that take long to read or to walk."""
    room = LARGEST_BODY - 100
    deep = "[" * (room // 2) + "]" * (room // 2)
    level = '{"a":'
    levels = room // (len(level) + 1)
    return [
        f'{{"name":{deep}}}',
        _list_of("9e-300", room),
        _list_of("[]", room),
        _list_of('"a"', room),
        level * levels + "1" + "}" * levels,
    ]


def _list_of(item: str, room: int) -> str:
    return f'{{"name":[{",".join([item] * (room // (len(item) + 1)))}]}}'


def long_queries(count: int, starts: Iterable[str], filler: str) -> list[str]:
    """Return targets of the longest kind, no two of them alike.

    Args:
        count: how many.
        starts: how they begin, in turn.
        filler: of what the rest consists.
    """
    starts = list(starts)
    targets = []
    for number in range(count):
        start = f"{starts[number % len(starts)]}{number:06d}"
        targets.append(start + filler * ((LONGEST_TARGET - len(start)) // len(filler)))
    return targets
