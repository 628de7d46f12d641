"""Finding out what a file is: a table of another app, or our own export."""

from collections.abc import Iterator

from schemas.imports import AUTO, GYM
from services.workouts.imports.reading import reader, text
from services.workouts.imports.reading.findings import Findings
from services.workouts.imports.reading.own.reader import (
    RecognisedExport,
    is_json,
    read_export,
    recognise_export,
)
from services.workouts.imports.reading.reader import Recognised
from services.workouts.imports.reading.row import Units
from services.workouts.imports.reading.workouts import Workout

File = Recognised | RecognisedExport


def recognise(open_file: text.Open, source: str = AUTO, language: str | None = None) -> File:
    """Find out what a file is.

    Args:
        open_file: returns its chunks from the beginning, each time it is called.
        source: ``gym`` if it is said to be our own export.
        language: of the names of months, if it is known.

    Raises:
        Unreadable: it is no export that is known, or can't be decoded.
    """
    if source == GYM or is_json(open_file()):
        return recognise_export(open_file)
    return reader.recognise(open_file, language)


def read_workouts(
    open_file: text.Open, recognised: File, units: Units, findings: Findings
) -> Iterator[Workout]:
    """Yield the workouts of a file, in its order.

    Args:
        open_file: as for :func:`recognise`.
        recognised: what that returned.
        units: those that the file needs; without one, weights have none, and distances stay as
            they are written.
        findings: where faults and warnings go. What has faults is left out.
    """
    if isinstance(recognised, RecognisedExport):
        return read_export(open_file, findings)
    return reader.read_workouts(open_file, recognised, units, findings)
