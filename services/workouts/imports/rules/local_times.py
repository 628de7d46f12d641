"""Times of the clock where the person was, as moments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import Instant
from services.workouts import times
from services.workouts.imports.reading import Finding, Findings
from services.workouts.imports.rules.documents import Document, start_of

_SECOND = timedelta(seconds=1)


class Span(NamedTuple):
    """When a workout began and ended."""

    start: Instant
    end: Instant | None


def span(workout: Document, time_zone: str) -> Span:
    """Return when a workout was.

    A time that the clocks skipped becomes the moment at which they were put forward. Of a time
    that they showed twice the start is the first, and the end the first that is not before it.

    Args:
        workout: its document.
        time_zone: where the person was, by its IANA name.
    """
    zone = ZoneInfo(time_zone)
    start = _moment(start_of(workout), zone)
    if "end" not in workout:
        return Span(start, None)
    local = datetime.fromisoformat(workout["end"])
    ends = (_moment(local, zone, fold) for fold in (0, 1))
    latest = start.at + times.LONGEST
    return Span(start, next((end for end in ends if start.at <= end.at <= latest), None))


def when(workout: Document, time_zone: str | None) -> dict[str, Any]:
    """Return the fields of a new workout (:data:`services.workouts.times.FIELDS`) about its times.

    Args:
        workout: its document.
        time_zone: where the person was; not needed for those of our own exports.
    """
    told = workout.get("times")
    if told is not None:
        return {
            "date": date.fromisoformat(told["date"]),
            "started_at": Instant.parse(told.get("started_at", "")),
            "ended_at": Instant.parse(told.get("ended_at", "")),
            "time_zone": told.get("time_zone"),
            "duration_minutes": workout.get("minutes"),
        }
    # an import of such a file is not applied before it is given
    assert time_zone is not None
    start, end = span(workout, time_zone)
    return {
        "started_at": start,
        "ended_at": end,
        "time_zone": time_zone,
        "duration_minutes": workout.get("minutes"),
    }


def warn(workout: Document, time_zone: str, findings: Findings) -> None:
    """Say what is doubtful in a workout's times.

    Args:
        workout: its document.
        time_zone: where the person was.
        findings: where warnings go.
    """
    if "times" in workout:
        return
    zone = ZoneInfo(time_zone)
    for name in ("start", "end"):
        text = workout.get(name)
        if text is not None and not _exists(datetime.fromisoformat(text), zone):
            message = f"The clocks in {time_zone} skipped this time; taken as when they did"
            findings.warn(Finding(workout["line"], name, message, "time", text))
    if "end" in workout and span(workout, time_zone).end is None:
        message = "The end is not within 24 hours after the start; left out"
        findings.warn(Finding(workout["line"], "end", message, "range", workout["end"]))


def start_of_logged(workout: dict[str, Any]) -> datetime:
    """Return when a workout that was logged began, by the clock where the person was.

    Args:
        workout: as a read returns it. Without a start it is the midnight of its day.
    """
    sent = Instant.parse(workout["started_at"] or "")
    if sent is None:
        return datetime.fromisoformat(workout["date"])
    if workout["time_zone"] is not None:
        return sent.at.astimezone(ZoneInfo(workout["time_zone"])).replace(tzinfo=None)
    return sent.at.replace(tzinfo=None) + timedelta(minutes=sent.offset_minutes or 0)


def _moment(local: datetime, zone: ZoneInfo, fold: int = 0) -> Instant:
    at = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if not _exists(local, zone):
        at = _put_forward(local, zone)
    offset = at.astimezone(zone).utcoffset() or timedelta()
    return Instant(at, round(offset / timedelta(minutes=1)))


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None) == local


def _put_forward(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment after the clocks skipped a time."""
    # in a gap the first of the two readings is the later one
    after, before = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
