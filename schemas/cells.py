"""Values to cells of CSV files."""

import csv
import io
import re
from collections.abc import Iterable

_MARKED = re.compile(r"'*[=+\-@\t\r]")
"""Beginnings of cells that a spreadsheet would take for a formula, or that already have the mark
that keeps it from that: an import takes off one."""

Row = Iterable[str]


def lines(rows: Iterable[Row], delimiter: str = ",") -> str:
    """Return rows as text."""
    # csv quotes cells with a character of the terminator, and a lone \r would end the row, too
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def words(text: str | None) -> str:
    """Return the cell of a text. Our import, and a reader, take off the mark that keeps it text."""
    if not text:
        return ""
    return f"'{text}" if _MARKED.match(text) else text
