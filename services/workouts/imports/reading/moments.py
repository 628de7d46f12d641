"""Cells to dates and times of day, as the clock showed them where the person was.

Exports name no zone, so none of these has one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from services.workouts.imports.reading.findings import Finding, Unreadable
from services.workouts.imports.reading.month_names import ENGLISH, read_months

_TIME = re.compile(
    r"(\d{1,2})(?::| ?[h時时시] ?)(\d{2})(?:(?::| ?(?:min|[m分분]) ?)(\d{2}))?(?:\.\d+)?|"
    # Danish, Finnish and Indonesian, behind a date: 5.1.2026 8.34
    r"(?<=\d[ ,] )(\d{1,2})\.(\d{2})(?:\.(\d{2}))?$|(?<=\d )(\d{1,2})\.(\d{2})(?:\.(\d{2}))?$"
)
_MORNING = re.compile(r"\ba\.?\s?m\b|午前|上午|早上|凌晨|清晨|오전", re.IGNORECASE)
_AFTERNOON = re.compile(r"\bp\.?\s?m\b|午後|下午|傍晚|晚上|오후", re.IGNORECASE)
_NOON = re.compile("中午")
_EVENING = re.compile("傍晚|晚上")
_NO_LETTERS = re.compile(r"[\W\d_]+")

_IS_AFTERNOON = dict.fromkeys(("πμ", "ص", "дп", "öö", "sa", "fm", "dop", "ap", "de"), False) | (
    dict.fromkeys(("μμ", "م", "пп", "ös", "ch", "em", "odp", "pop", "ip", "du"), True)
)
"""Whether a clock of 12 hours is in its second half, by the letters that are all that follows it:
``SA`` is the morning in Vietnamese, and before a date it is Saturday in German."""
_TOKEN = re.compile(r"\d+|[^\W\d_]{3,}")
"""Numbers, and words of which one may be the month. Shorter ones, such as ``de``, say nothing."""

_YEAR = 1000
"""What is a year, as no day or month is so large."""

_CENTURY, _SHORT_YEARS = 2000, 100
"""Spreadsheets write 25 for 2025."""

_APPS_SINCE = 10
"""The short year before which nobody exported a workout."""

_DOTTED = re.compile(r"(?<!\d)\d+\.\d+\.\d+(?!\s*[.\d])")
"""``24.04.26``: with such dots the day is first, other than in the Korean ``26. 4. 24.``"""

_LONGEST = 100
"""Characters of a date with its time of day."""

_MOST_WORDS = 5
"""Of a date, in which a month is looked for."""

_MOST_DATES = 300
"""With different words. There are 12 months, and 7 days of the week."""

_MOST_REMEMBERED = 10_000


class _Day(NamedTuple):
    """The parts of a date as they are written: ``5 may 2026 a las 7:34`` has two words."""

    numbers: list[int]
    words: tuple[str, ...]


@dataclass
class _ShortDates:
    """The first and last numbers of dates with short years, of which either may be the year."""

    firsts: set[int] = field(default_factory=set)
    lasts: set[int] = field(default_factory=set)
    are_dotted: bool = True

    @property
    def has_large_first(self) -> bool:
        """Whether a first number is no month."""
        return max(self.firsts, default=0) > 12

    def note(self, date: str, first: int, last: int) -> None:
        """Gather what a date shows."""
        self.firsts.add(first)
        self.lasts.add(last)
        self.are_dotted = self.are_dotted and _DOTTED.search(date) is not None

    def year_is_first(self) -> bool:
        """Return whether 25/01/03 is in 2025 and not in 2003.

        Days vary and years hardly do.

        Raises:
            Unreadable: that can't be told.
        """
        if not self.has_large_first:
            return False
        if _vary_more(self.firsts, self.lasts):
            return False
        if _vary_more(self.lasts, self.firsts):
            return True
        if self.are_dotted and min(self.lasts) >= _APPS_SINCE:
            return False
        message = (
            "Dates such as 25/01/03 don't tell whether the first number is the day or the year; "
            "write years with four digits"
        )
        raise Unreadable(Finding(0, "start", message, "date"))


def _vary_more(days: set[int], years: set[int]) -> bool:
    """Return whether numbers are clearly days and others years."""
    apart = max(days) - min(days), max(years) - min(years)
    # a single odd date makes years far apart, but not many
    return len(days) >= len(years) and apart[0] > apart[1] + 1


@dataclass
class DateHabits:
    """How dates are written in a file: gathered from all, as one alone may say nothing."""

    words: set[tuple[str, ...]] = field(default_factory=set)
    day_is_first: bool = False
    month_is_first: bool = False
    is_ambiguous: bool = False
    short: _ShortDates = field(default_factory=_ShortDates)

    def note(self, cell: str) -> None:
        """Gather what a cell shows."""
        if len(cell) > _LONGEST or _iso(cell) is not None:
            return
        date, _ = _split(cell)
        day = _day_of(date)
        if len(day.numbers) == 2 and day.words:
            # or it is no date at all, but a word
            if max(day.numbers) >= _YEAR and len(self.words) < _MOST_DATES:
                self.words.add(day.words)
        elif len(day.numbers) == 3 and day.numbers[0] < _YEAR:
            first, other, last = day.numbers
            self.month_is_first |= other > 12
            if max(first, last) < _SHORT_YEARS:
                self.short.note(date, first, last)
            else:
                self.day_is_first |= first > 12
                self.is_ambiguous = True

    def calendar(self, given: str | None = None, header: str | None = None) -> "Calendar":
        """Return what reads the dates of the file.

        Args:
            given: the language of the months' names, if it was said.
            header: that of the header, if it is known.

        Raises:
            Unreadable: months are of no language that is known, or it can't be told which number
                is the month or the year.
        """
        language, months = ENGLISH, dict[str, int]()
        if self.words:
            language, months = read_months(self.words, given, header)
        # a year is only ever first before a month, which is then in the middle
        year_is_first = not self.month_is_first and self.short.year_is_first()
        day_is_first = self.day_is_first or (not year_is_first and self.short.has_large_first)
        is_ambiguous = self.is_ambiguous or (bool(self.short.firsts) and not year_is_first)
        if is_ambiguous and day_is_first == self.month_is_first:
            message = "Dates such as 03/04/2025 don't tell which number is the month"
            raise Unreadable(Finding(0, "start", message, "date"))
        return Calendar(language, months, day_is_first, year_is_first)


class Calendar:
    """Reads the dates of one file.

    Args:
        language: of the months' names.
        months: their numbers by their names, lower case.
        day_is_first: whether 03/04 is in April.
        year_is_first: whether 25/01/03 is in 2025.
    """

    def __init__(
        self,
        language: str,
        months: Mapping[str, int],
        day_is_first: bool,
        year_is_first: bool = False,
    ):
        self.language = language
        self.months = months
        self.day_is_first = day_is_first
        self.year_is_first = year_is_first
        # all sets of a workout have the same
        self.moment = lru_cache(_MOST_REMEMBERED)(self._moment)

    def _moment(self, cell: str) -> datetime | None:
        """Return the moment that a cell shows, None if it shows none."""
        if len(cell) > _LONGEST:
            return None
        found = _iso(cell)
        if found is not None:
            return found
        date, clock = _split(cell)
        day = _day_of(date)
        year_month_day = self._ordered(day)
        hours = _hours(clock, cell)
        if year_month_day is None or hours is None:
            return None
        try:
            return datetime(*year_month_day, *hours)
        except (ValueError, OverflowError):
            return None

    def _ordered(self, day: _Day) -> tuple[int, int, int] | None:
        if len(day.numbers) == 2:
            months = [self.months[word] for word in day.words if word in self.months]
            if len(months) != 1:
                return None
            smaller, larger = sorted(day.numbers)
            return larger, months[0], smaller
        if len(day.numbers) != 3:
            return None
        first, other, last = day.numbers
        if first >= _YEAR:
            return first, other, last
        if self.year_is_first and max(first, last) < _SHORT_YEARS:
            return first + _CENTURY, other, last
        year = last + _CENTURY if last < _SHORT_YEARS else last
        return (year, other, first) if self.day_is_first else (year, first, other)


def _iso(cell: str) -> datetime | None:
    if cell[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(cell.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _split(cell: str) -> tuple[str, re.Match[str] | None]:
    """Return what stands before the time of day, and the time."""
    clock = _TIME.search(cell)
    return (cell[: clock.start()] if clock else cell), clock


def _day_of(date: str) -> _Day:
    tokens = _TOKEN.findall(date.casefold())
    words = tuple(token for token in tokens if not token.isdecimal())
    return _Day([int(token) for token in tokens if token.isdecimal()], words[:_MOST_WORDS])


def _hours(clock: re.Match[str] | None, cell: str) -> tuple[int, int, int] | None:
    if clock is None:
        return None
    parts = [part for part in clock.groups() if part is not None]
    hour, minute, second = (int(part) for part in (*parts, "0")[:3])
    after = _IS_AFTERNOON.get(_NO_LETTERS.sub("", cell[clock.end() :]).casefold())
    is_morning = after is False or bool(_MORNING.search(cell))
    is_afternoon = after is True or bool(_AFTERNOON.search(cell))
    if _NOON.search(cell):
        # around twelve: from the late morning to the early afternoon
        hour += 12 * (hour in (1, 2))
        return (hour, minute, second) if 10 <= hour <= 14 else None
    if hour == 12 and _EVENING.search(cell):
        # neither noon, which is no evening, nor surely midnight, which Chinese calls 凌晨
        return None
    # Japanese counts noon and midnight as 0; above 12 the clock has 24 hours anyway
    if is_morning and hour > 12:
        return None
    if (is_morning or is_afternoon) and hour <= 12:
        hour = hour % 12 + 12 * is_afternoon
    return hour, minute, second
