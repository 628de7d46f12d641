"""Reading exports of other apps and our own: bytes to workouts, without storage or services.

A file is read twice, each time as a stream: :func:`recognise` finds out what it is, and
:func:`read_workouts` returns what it holds.
"""

from services.workouts.imports.reading.files import File, read_workouts, recognise
from services.workouts.imports.reading.findings import Finding, Findings, Unreadable, check_count
from services.workouts.imports.reading.workouts import Exercise, Set, Workout

__all__ = [
    "Exercise",
    "File",
    "Finding",
    "Findings",
    "Set",
    "Unreadable",
    "Workout",
    "check_count",
    "read_workouts",
    "recognise",
]
