"""Which decimal mark a file has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.workouts.imports.reading.findings import Finding
from services.workouts.imports.reading.numbers import decimal_mark, is_doubtful, number

POINT, COMMA = ".", ","

_COLUMNS = ("weight", "reps", "distance", "seconds", "rpe")
_WITH_COMMAS = {"de", "es", "fr", "it", "nl", "pt", "ru"}
"""Languages of headers in which people write decimal commas. The apps write points in any."""

_WITH_POINTS = {"en", "ja", "zh"}


@dataclass
class DecimalMarks:
    """Finds the decimal mark of a file: gathered from all numbers, as one may say nothing."""

    shown: str | None = None
    doubtful: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def note(self, line: int, cells: Mapping[str, str]) -> None:
        """Gather what a row shows, given its cells by what they mean."""
        if self.shown is not None:
            return
        for name in _COLUMNS:
            cell = cells.get(name, "")
            if is_doubtful(cell):
                mark = COMMA if COMMA in cell else POINT
                self.doubtful.setdefault(mark, (line, name, cell))
            self.shown = self.shown or decimal_mark(cell)

    def found(self, language: str | None) -> str:
        """Return the mark.

        Args:
            language: the header's, if it is known.
        """
        if self.shown is None and COMMA in self.doubtful and language in _WITH_COMMAS:
            return COMMA
        return self.shown or POINT

    def doubt(self, language: str | None) -> Finding | None:
        """Return a warning if no number of the file tells what some of them are."""
        doubtful = self.doubtful.get(COMMA)
        if doubtful is None and language not in _WITH_POINTS:
            doubtful = self.doubtful.get(POINT)
        if self.shown is not None or doubtful is None:
            return None
        line, name, cell = doubtful
        mark = self.found(language)
        taken, other = number(cell, mark), number(cell, COMMA if mark == POINT else POINT)
        message = (
            f"No number of the file tells whether this is {taken} or {other}; "
            f"it is taken as {taken}, and others like it alike"
        )
        return Finding(line, name, message, "number", cell)
