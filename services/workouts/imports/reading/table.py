"""Lines to records: CSV with any usual delimiter, and the line that each record begins in."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.workouts.imports.reading.findings import Finding, Unreadable

DELIMITERS = ",;\t|"

_SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""Excel's first line, if it says which delimiter follows."""


class Record(NamedTuple):
    """The cells of a record, and the number of its first line."""

    line: int
    cells: list[str]


class _Lines:
    """Passes lines on, and knows those of the current record."""

    def __init__(self, lines: Iterable[str]):
        self._lines = iter(lines)
        self.of_record: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.of_record.append(line)
        return line


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Yield the records that are not empty, the header included.

    Raises:
        Unreadable: a quotation mark is never closed.
    """
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter)
    line = 1
    while True:
        source.of_record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            # the one error without strict: a field of more than 128 KiB
            raise _unclosed(line) from problem
        if "".join(cells).strip() and not (
            line == 1 and _SAID.fullmatch("".join(source.of_record))
        ):
            yield Record(line, cells)
        if len(source.of_record) > 1 and "".join(source.of_record).count('"') % 2:
            raise _unclosed(line)
        line = reader.line_num + 1


def said_delimiter(first_line: str) -> str | None:
    """Return the delimiter that Excel's first line says, if it is that line."""
    said = _SAID.fullmatch(first_line)
    return said and said[1]


def _unclosed(line: int) -> Unreadable:
    message = f"A quotation mark that begins in line {line} is never closed"
    return Unreadable(Finding(line, "", message, "quotes"))
