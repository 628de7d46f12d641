"""Records to typed rows, the same for all layouts."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

from schemas.sets import (
    FARTHEST,
    HEAVIEST,
    HIGHEST_RPE,
    LONGEST_SET,
    LOWEST_RPE,
    MOST_REPS,
)
from services.workouts.imports.reading.durations import duration_seconds
from services.workouts.imports.reading.findings import Finding, Findings, check_count
from services.workouts.imports.reading.layouts import HEVY, Layout
from services.workouts.imports.reading.moments import Calendar
from services.workouts.imports.reading.numbers import (
    is_given,
    is_nothing,
    nearest_half,
    number,
    rounded,
    whole,
)
from services.workouts.imports.reading.rest_words import SHORTEST, means_rest
from services.workouts.imports.reading.row import Row, Units
from services.workouts.imports.reading.set_types import NOTE, REST, SET_TYPES, plain
from services.workouts.imports.reading.table import Record
from services.workouts.imports.reading.units import DISTANCES, METRES_IN, WEIGHTS

MOST_SUPERSETS = 100

_UNITS = {"weight": WEIGHTS, "distance": DISTANCES}

_KEPT_FROM_RUNNING = re.compile(r"'+[=+\-@\t\r]")
"""Beginnings of cells that an exporter has kept a spreadsheet from running."""


class _Unusable(Exception):
    """A record can't be taken; why not is among the findings."""


class RowReader:
    """Makes rows of the records of one file.

    Args:
        layout: what its columns mean.
        calendar: reads its dates.
        mark: its decimal mark.
        rest_words: those that stand for rests in this file (:class:`rest_words.RestWords`).
        units: those that neither the header nor a column names.
        findings: where faults and warnings go.
    """

    def __init__(
        self,
        layout: Layout,
        calendar: Calendar,
        mark: str,
        rest_words: Collection[str],
        units: Units,
        findings: Findings,
    ):
        self.layout = layout
        self.rest_words = rest_words
        self.calendar = calendar
        self._file_units = {
            "weight": layout.weight_unit or units.weight,
            "distance": layout.distance_unit or units.distance,
        }
        self.findings = findings
        # weights and repetitions repeat, and making decimals of them takes a third of the time
        self._number: Callable[[str], Decimal | None] = lru_cache(10_000)(
            lambda cell: number(cell, mark)
        )
        self._seconds = lru_cache(10_000)(duration_seconds)

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """Yield a row for each record that can be taken; the others are faults.

        Raises:
            Unreadable: there are too many sets, those of faults included.
        """
        sets = 0
        for record in records:
            row = None
            with suppress(_Unusable):
                row = self._row(record)
            if row is None or row.kind not in (REST, NOTE):
                sets += 1
                check_count(sets, record.line)
            if row is not None:
                yield row

    def _row(self, record: Record) -> Row:
        self._check_width(record)
        place, kind = self._place_and_kind(record)
        exercise = self._text(record, "exercise")
        if not exercise:
            self._refuse(record, "exercise", "The exercise has no name", "required")
        return Row(
            line=record.line,
            number=self._text(record, "number"),
            start=self._start(record),
            end=self._end(record),
            name=self._text(record, "name"),
            duration_seconds=self._duration(record),
            workout_notes=self._notes(record, "workout_notes"),
            exercise=exercise,
            superset=self._superset(record),
            exercise_notes=self._notes(record, "exercise_notes"),
            place=place,
            kind=kind,
            weight=self._weight(record),
            weight_unit=self._unit(record, "weight"),
            reps=self._reps(record),
            distance_m=self._distance(record),
            distance_unit=self._unit(record, "distance"),
            seconds=self._seconds_of_set(record),
            rpe=self._rpe(record),
            notes=self._notes(record, "notes"),
        )

    def _check_width(self, record: Record) -> None:
        # a comma too many at the end of a line is no harm
        if any(cell.strip() for cell in record.cells[self.layout.width :]):
            message = f"There are more columns than the {self.layout.width} of the header"
            self._refuse(record, "", message, "columns")
        missing = self.layout.width - len(record.cells)
        if missing > 0:
            message = f"The line ends {missing} columns before the header does"
            self._refuse(record, "", message, "columns")

    def _start(self, record: Record) -> datetime:
        cell = self._text(record, "start")
        start = self.calendar.moment(cell)
        if start is None:
            self._refuse(record, "start", "This is no date and time of day", "date", cell)
        return start

    def _end(self, record: Record) -> datetime | None:
        cell = self._text(record, "end")
        if not cell:
            return None
        end = self.calendar.moment(cell)
        if end is None:
            self._warn(record, "end", "This is no date and time of day; left out", "date", cell)
        return end

    def _duration(self, record: Record) -> int | None:
        cell = self._text(record, "duration")
        if not cell:
            return None
        seconds = self._seconds(cell)
        if seconds is None:
            self._warn(record, "duration", "This is no duration; left out", "duration", cell)
        return seconds

    def _place_and_kind(self, record: Record) -> tuple[int | None, str]:
        """Return the set's number and what it is; Strong has both in one column."""
        order = self._text(record, "order")
        place = whole(order)
        word = self._text(record, "set_type") if self.layout.source == HEVY else order
        if place is not None and self.layout.source != HEVY:
            return place, SET_TYPES[""]
        kind = SET_TYPES.get(plain(word))
        if kind is None:
            kind = self._no_set(record, word.casefold()) or self._normal(record, word)
        return place, kind

    def _no_set(self, record: Record, word: str) -> str | None:
        """Return whether a row of Strong is a rest or a note, by a word of another language."""
        numbers = ("weight", "reps", "distance", "rpe")
        if self.layout.source == HEVY or len(word) < SHORTEST or self._has(record, *numbers):
            return None
        if word in self.rest_words or means_rest(word):
            return REST
        has_note = self._text(record, "notes") and not self._has(record, "seconds")
        return NOTE if has_note else None

    def _has(self, record: Record, *names: str) -> bool:
        return any(is_given(self._text(record, name)) for name in names)

    def _normal(self, record: Record, word: str) -> str:
        message = "This kind of set is not known; taken as a normal one"
        self._warn(record, "set_type", message, "one_of", word)
        return SET_TYPES[""]

    def _superset(self, record: Record) -> int | None:
        cell = self._text(record, "superset")
        if not cell:
            return None
        superset = whole(cell)
        if superset is not None and superset <= MOST_SUPERSETS:
            return superset
        self._warn(record, "superset", "This is no superset; left out", "integer", cell)
        return None

    def _weight(self, record: Record) -> Decimal | None:
        """Return the weight; one below 0 was taken off."""
        value = self._given(record, "weight")
        if value is not None and abs(value) > HEAVIEST:
            self._refuse(record, "weight", f"The weight must be at most {HEAVIEST}", "max")
        return value

    def _reps(self, record: Record) -> Decimal | None:
        value = self._given(record, "reps")
        if value is not None and not 0 <= value <= MOST_REPS:
            self._refuse(record, "reps", f"Reps must be 0 to {MOST_REPS}", "range")
        return value

    def _seconds_of_set(self, record: Record) -> Decimal | None:
        value = self._given(record, "seconds")
        return self._believable(record, "seconds", value, LONGEST_SET, "seconds")

    def _distance(self, record: Record) -> Decimal | None:
        value = self._exactly(record, "distance")
        unit = self._unit(record, "distance")
        if value is None:
            return None
        metres = value if unit is None else rounded(value * METRES_IN[unit])
        return self._believable(record, "distance", metres, FARTHEST, "m")

    def _believable(
        self, record: Record, name: str, value: Decimal | None, most: int, unit: str
    ) -> Decimal | None:
        """Return a number, or None if it is absurd: without it the set still has its weight."""
        if value is None or 0 <= value <= most:
            return value
        message = f"{name.capitalize()} must be 0 to {most} {unit}; left out"
        self._warn(record, name, message, "range", self._text(record, name))
        return None

    def _unit(self, record: Record, name: str) -> str | None:
        cell = self._text(record, f"{name}_unit").casefold().rstrip(".")
        if not cell:
            return self._file_units[name]
        unit = _UNITS[name].get(cell)
        if unit is None and self._has(record, name):
            self._refuse(record, f"{name}_unit", "This unit is not known", "one_of", cell)
        return unit

    def _rpe(self, record: Record) -> Decimal | None:
        value = self._given(record, "rpe")
        if value is None:
            return None
        near = nearest_half(value)
        if not LOWEST_RPE <= near <= HIGHEST_RPE:
            self._warn(record, "rpe", "RPE must be 1 to 10; left out", "range", str(value))
            return None
        if near != value:
            self._warn(record, "rpe", f"RPE is in halves; taken as {near}", "step", str(value))
        return near

    def _given(self, record: Record, name: str) -> Decimal | None:
        """Return a number without noise; see :meth:`_exactly`."""
        value = self._exactly(record, name)
        return value and (rounded(value) or None)

    def _exactly(self, record: Record, name: str) -> Decimal | None:
        """Return a number; None if there is none, or 0, which apps write for it."""
        cell = self._text(record, name)
        if not cell:
            return None
        value = self._number(cell)
        if value is None and is_nothing(cell):
            return None
        if value is None:
            self._refuse(record, name, "This is no number", "number", cell)
        return value or None

    def _notes(self, record: Record, name: str) -> str:
        # both apps write a line break as these two characters
        return self._text(record, name).replace("\\n", "\n").strip()

    def _text(self, record: Record, name: str) -> str:
        place = self.layout.columns.get(name)
        if place is None:
            return ""
        text = record.cells[place].strip()
        if text[:1] == "'" and _KEPT_FROM_RUNNING.match(text):
            text = text[1:]
        return text.replace("\0", "") if "\0" in text else text

    def _refuse(
        self, record: Record, field: str, message: str, constraint: str, received: str = ""
    ) -> NoReturn:
        received = received or self._text(record, field)
        self.findings.refuse(Finding(record.line, field, message, constraint, received))
        raise _Unusable

    def _warn(
        self, record: Record, field: str, message: str, constraint: str, received: str
    ) -> None:
        self.findings.warn(Finding(record.line, field, message, constraint, received))
