"""Finding out what a file is, and reading its workouts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from services.workouts.imports.reading import text
from services.workouts.imports.reading.decimal_marks import DecimalMarks
from services.workouts.imports.reading.findings import Finding, Findings, Unreadable
from services.workouts.imports.reading.header_names import meaning_of
from services.workouts.imports.reading.layouts import (
    LONGEST_HEADER,
    STRONG,
    Layout,
    find_layout,
    likely_delimiter,
)
from services.workouts.imports.reading.moments import Calendar, DateHabits
from services.workouts.imports.reading.numbers import is_given
from services.workouts.imports.reading.rest_words import RestWords
from services.workouts.imports.reading.row import Units
from services.workouts.imports.reading.rows import RowReader
from services.workouts.imports.reading.table import Record, records, said_delimiter
from services.workouts.imports.reading.workouts import Workout, workouts_of

SAMPLE = 50
"""Records that are looked at where the header says too little."""


@dataclass(frozen=True)
class Recognised:
    """What a file is.

    ``needs`` are the units that it does not name and that its values need: ``weight_unit``,
    ``distance_unit``. ``records`` is how many there are, rests included, for telling the progress.
    ``rest_words`` are the words for rests, beyond those that are known anyway. ``doubt`` is a
    warning about the decimal mark.
    """

    encoding: str
    layout: Layout
    calendar: Calendar
    decimal_mark: str
    records: int
    needs: tuple[str, ...]
    rest_words: frozenset[str]
    doubt: Finding | None = None

    @property
    def source(self) -> str:
        """The app that has written it."""
        return self.layout.source

    def described(self) -> dict[str, Any]:
        """Return what a person should look over, as JSON has it."""
        return {
            "source": self.layout.source,
            "encoding": self.encoding,
            "delimiter": self.layout.delimiter,
            "language": self.layout.language,
            "month_language": self.calendar.language,
            "decimal_mark": self.decimal_mark,
            "weight_unit": self.layout.weight_unit,
            "distance_unit": self.layout.distance_unit,
        }


def recognise(open_file: text.Open, language: str | None = None) -> Recognised:
    """Find out what a file is.

    All of it is read: how dates and numbers are written shows in some rows only.

    Args:
        open_file: returns its chunks from the beginning, each time it is called.
        language: of the names of months, if it is known.

    Raises:
        Unreadable: it is no export of an app that is known, or can't be decoded.
    """
    encoding = text.encoding_of(open_file())
    layout, found = _layout_and_records(open_file, encoding)
    habits, marks, count = DateHabits(), DecimalMarks(), 0
    needs: set[str] = set()
    rests = RestWords()
    last_start = None
    for record in found:
        count += 1
        cells = {name: _cell(record, place) for name, place in layout.columns.items()}
        if cells["start"] != last_start:
            last_start = cells["start"]
            _check_no_header(last_start, record)
            habits.note(last_start)
            habits.note(cells.get("end") or last_start)
        marks.note(record.line, cells)
        needs.update(_needs(layout, cells))
        if layout.source == STRONG:
            rests.note(cells)
    if not count:
        raise Unreadable(Finding(1, "", "There is nothing below the header", "min_items"))
    return Recognised(
        encoding,
        layout,
        habits.calendar(language, layout.language),
        marks.found(layout.language),
        count,
        tuple(sorted(needs)),
        rests.found(),
        marks.doubt(layout.language),
    )


def read_workouts(
    open_file: text.Open, recognised: Recognised, units: Units, findings: Findings
) -> Iterator[Workout]:
    """Yield the workouts of a file, in its order.

    Args:
        open_file: as for :func:`recognise`.
        recognised: what that returned.
        units: those that the file needs; without one, weights have none, and distances stay as
            they are written.
        findings: where faults and warnings go. Lines with faults are left out.
    """
    _, found = _layout_and_records(open_file, recognised.encoding)
    for column in recognised.layout.left_out:
        message = "This column is not known; left out"
        findings.warn(Finding(1, "", message, "columns", column))
    if recognised.doubt is not None:
        findings.warn(recognised.doubt)
    reader = RowReader(
        recognised.layout,
        recognised.calendar,
        recognised.decimal_mark,
        recognised.rest_words,
        units,
        findings,
    )
    yield from workouts_of(reader.rows(found), findings)


def _layout_and_records(open_file: text.Open, encoding: str) -> tuple[Layout, Iterator[Record]]:
    """Return the layout, and the records after the header."""
    lines = text.lines_of(open_file(), encoding)
    before: list[str] = []
    delimiter = header = None
    for line in lines:
        before.append(line)
        said = said_delimiter(line) if delimiter is None else None
        if said is None and line.strip():
            header = line
            break
        delimiter = said or delimiter
    if header is None:
        raise Unreadable(Finding(0, "", "The file is empty", "min_items"))
    if len(header) > LONGEST_HEADER:
        message = f"The header must have at most {LONGEST_HEADER} characters"
        raise Unreadable(Finding(1, "", message, "columns", header))
    delimiter = delimiter or likely_delimiter(header)
    every = records(chain(before, lines), delimiter)
    first = next(every, None)
    # several exports that were put together have several headers
    found = (each for each in every if first is None or not _is_like(each, first))
    sample = [*islice(found, SAMPLE)]
    return find_layout(header, delimiter, sample), chain(sample, found)


def _is_like(record: Record, header: Record) -> bool:
    if record.cells == header.cells:
        return True
    # put together with its byte order mark, behind which quotation marks are part of the cell
    first = record.cells[0]
    return first[:1] == "\ufeff" and [first[1:].strip('"'), *record.cells[1:]] == header.cells


def _check_no_header(start: str, record: Record) -> None:
    """Refuse a header of other columns, whose rows would be taken in the units of the first one.

    Raises:
        Unreadable: the record is one.
    """
    known = meaning_of(start.removeprefix("\ufeff"))
    if known is not None and known[0] == "start":
        message = (
            "This is the header of another export, with other columns than the first; "
            "import the two one by one"
        )
        raise Unreadable(Finding(record.line, "", message, "columns", ", ".join(record.cells)))


def _needs(layout: Layout, cells: dict[str, str]) -> Iterator[str]:
    for name, known in (("weight", layout.weight_unit), ("distance", layout.distance_unit)):
        if known is None and not cells.get(f"{name}_unit") and is_given(cells.get(name, "")):
            yield f"{name}_unit"


def _cell(record: Record, place: int) -> str:
    return record.cells[place] if place < len(record.cells) else ""
