"""Cells to durations of workouts: ``2h 18m``, ``21min``, seconds."""

import re

LONGEST_WORKOUT = 24 * 3600

_LONGEST = 40
"""Characters of a duration."""

_CLOCK = re.compile(r"(\d+):(\d{2})(?::(\d{2}))?")
_PART = re.compile(r"(\d+)\s*([^\W\d]*)")

# hour, Stunde, heure, hora; timme, time; uur; час; 時間 and so on
_HOURS = ("h", "st", "t", "u", "ч", "時", "小")
_MINUTES = ("m", "м", "分", "분")
_SECONDS = ("s", "с", "秒", "초")
_SECONDS_IN = {_HOURS: 3600, _MINUTES: 60, _SECONDS: 1}
"""By how the words and letters for a unit begin, in the languages of apps."""


def duration_seconds(cell: str) -> int | None:
    """Return the seconds of a duration; None if the cell shows none.

    Args:
        cell: ``2h 18m``, ``1h 21min``, ``45s``, ``1:05:30``, or a number, which is seconds.
    """
    text = cell.strip().casefold()
    if len(text) > _LONGEST:
        return None
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    seconds_of = [_seconds(count, unit) for count, unit in _PART.findall(text)]
    known = [each for each in seconds_of if each is not None]
    return sum(known) if known and len(known) == len(seconds_of) else None


def _seconds(count: str, unit: str) -> int | None:
    if not unit:
        return int(count)
    return next(
        (int(count) * size for words, size in _SECONDS_IN.items() if unit.startswith(words)), None
    )
