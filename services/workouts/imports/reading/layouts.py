"""Which app has written a file, and what its columns mean."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.workouts.imports.reading.findings import LONGEST, Finding, Unreadable
from services.workouts.imports.reading.header_names import ENGLISH, meaning_of, unit_of
from services.workouts.imports.reading.moments import DateHabits
from services.workouts.imports.reading.numbers import number
from services.workouts.imports.reading.table import DELIMITERS, Record

STRONG, HEVY = "strong", "hevy"

_STRONG_TAIL = ("weight", "reps", "distance", "seconds")
_STRONG_PLACES = [
    (
        "start",
        "name",
        "duration",
        "exercise",
        "order",
        *_STRONG_TAIL,
        "notes",
        "workout_notes",
        "rpe",
    ),
    ("start", "name", "duration", "exercise", "order", *_STRONG_TAIL, "rpe"),
    ("start", "name", "exercise", "order", *_STRONG_TAIL, "notes", "workout_notes", "rpe"),
    ("start", "name", "exercise", "order", *_STRONG_TAIL, "notes", "workout_notes"),
    ("start", "name", "exercise", "order", *_STRONG_TAIL, "notes"),
    ("start", "name", "exercise", "order", *_STRONG_TAIL),
    (
        *("number", "start", "name", "duration", "exercise", "order", "weight", "reps", "rpe"),
        *("distance", "seconds", "notes", "workout_notes"),
    ),
    (
        *("start", "name", "exercise", "order", "weight", "weight_unit", "reps", "rpe", "distance"),
        *("distance_unit", "seconds", "notes", "workout_notes", "duration"),
    ),
]
"""The places of Strong's columns, in each of its layouts; all languages have the same."""

_NUMBERS = {"weight", "reps", "distance", "seconds", "rpe"}
_REQUIRED = {
    STRONG: {"start", "exercise", "order", "weight", "reps"},
    HEVY: {"start", "exercise", "set_type"},
}
"""Without these, a header says too little: a column of sets would be lost."""
_MEASURED = {"reps", "seconds", "distance"}


LONGEST_HEADER = 16 * 1024
"""Characters; those of apps have a few hundred."""


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    ``columns`` are the places of what is known, by what it means (``header_names.HEADER_NAMES``).
    ``language`` is the header's; None if it is not known, and the places told what columns mean.
    ``left_out`` are the names of the columns that are not read.
    """

    source: str
    delimiter: str
    language: str | None
    columns: dict[str, int]
    width: int
    weight_unit: str | None
    distance_unit: str | None
    left_out: tuple[str, ...]


def find_layout(header_line: str, delimiter: str | None, sample: Sequence[Record]) -> Layout:
    """Find out how a file is laid out, by its header.

    Args:
        header_line: the first line that is not empty.
        delimiter: if it is known already.
        sample: some records, split by :func:`likely_delimiter`.

    Raises:
        Unreadable: it is no export that is known.
    """
    delimiter = delimiter or likely_delimiter(header_line)
    cells = split_header(header_line, delimiter)
    named = _by_names(cells, delimiter)
    if named is not None and (named.source == HEVY or not named.left_out):
        return named
    # in a language of which some names are known, the places tell what the other columns are
    layout = _by_places(cells, delimiter, sample) or named
    if layout is None:
        raise Unreadable(_unknown(cells))
    return layout


def likely_delimiter(header_line: str) -> str:
    """Return the delimiter that makes most known columns of a header, or most columns."""

    def columns(delimiter: str) -> tuple[int, int]:
        cells = split_header(header_line, delimiter)
        return sum(meaning_of(cell) is not None for cell in cells), len(cells)

    return max(DELIMITERS, key=columns)


def split_header(line: str, delimiter: str) -> list[str]:
    """Return the cells of a header."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _by_names(cells: list[str], delimiter: str) -> Layout | None:
    columns: dict[str, int] = {}
    languages: Counter[str] = Counter()
    for place, cell in enumerate(cells):
        known = meaning_of(cell)
        if known is not None and known[0] not in columns:
            meaning, language = known
            columns[meaning] = place
            languages[language] += 1
    source = HEVY if "set_type" in columns else STRONG
    if not columns.keys() >= _REQUIRED[source] or not columns.keys() & _MEASURED:
        return None
    return _layout(source, delimiter, cells, columns, _most_telling(languages))


def _most_telling(languages: Counter[str]) -> str:
    # RPE and the like are the same in other languages, and stand with the English names
    others = [(count, name) for name, count in languages.items() if name != ENGLISH]
    return max(others)[1] if others and max(others)[0] > 1 else ENGLISH


def _by_places(cells: list[str], delimiter: str, sample: Sequence[Record]) -> Layout | None:
    for places in _STRONG_PLACES:
        if _agrees(cells, places) and sample and all(_fits(each, places) for each in sample):
            columns = {meaning: place for place, meaning in enumerate(places)}
            return _layout(STRONG, delimiter, cells, columns, language=None)
    return None


def _agrees(cells: list[str], places: Sequence[str]) -> bool:
    """Return whether the names that are known in a header stand at these places."""
    known = (meaning_of(cell) for cell in cells)
    return len(places) == len(cells) and all(
        found is None or found[0] == meaning for found, meaning in zip(known, places, strict=True)
    )


def _layout(
    source: str, delimiter: str, cells: list[str], columns: dict[str, int], language: str | None
) -> Layout:
    units = {meaning: unit_of(cells[place]) for meaning, place in columns.items()}
    read = {*columns.values()}
    left_out = [cell.strip() for place, cell in enumerate(cells) if place not in read]
    return Layout(
        source,
        delimiter,
        language,
        columns,
        len(cells),
        weight_unit=units.get("weight"),
        distance_unit=units.get("distance"),
        left_out=tuple(name for name in left_out if name),
    )


def _fits(record: Record, places: Sequence[str]) -> bool:
    cells = dict(zip(places, record.cells, strict=False))
    habits = DateHabits()
    habits.note(cells["start"])
    numbers = (cells.get(meaning, "").strip() for meaning in _NUMBERS)
    return (
        cells["start"][:1].isdigit()
        and bool(cells.get("exercise", "").strip())
        and number(cells["exercise"]) is None
        and all(not cell or number(cell.replace(",", ".")) is not None for cell in numbers)
    )


def _unknown(cells: list[str]) -> Finding:
    found = ", ".join(cell.strip() for cell in cells if cell.strip())[:LONGEST]
    message = (
        "This is no export of Strong or Hevy. Looked for were the columns Date, Exercise Name, Set "
        "Order, Weight, Reps (Strong) or start_time, exercise_title, set_index, weight_kg, reps "
        f"(Hevy); found were: {found or 'none'}"
    )
    return Finding(1, "", message, "columns", found)
