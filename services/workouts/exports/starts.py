"""Starts of workouts that an import would take for one."""

from datetime import datetime, timedelta
from typing import Any

from services.workouts.exports.cells import local_start

Last = tuple[str, str, str]
"""The name of the workout before, its start, and the one that was written; as JSON."""


def move(workout: dict[str, Any], last: Last | None, step: timedelta) -> tuple[timedelta, Last]:
    """Return how much later a workout has to begin in a file than it did, and what is next's last.

    In the files of other apps workouts with one name and start are one. Those of a day without a
    time all begin at midnight.

    Args:
        workout: the next one, in the order of the file.
        last: of the one before.
        step: what starts are written in, such as minutes.
    """
    name, own = workout["name"] or "", local_start(workout)
    own -= (own - datetime.min) % step
    written = own
    if last is not None and last[0] == name:
        own_before, written_before = map(datetime.fromisoformat, last[1:])
        if own_before <= own <= written_before:
            written = written_before + step
    return written - own, (name, own.isoformat(), written.isoformat())
