"""Reading exports of other apps: bytes to workouts, without storage or services.

A file is read twice, each time as a stream: :func:`recognise` finds out what it is, and
:func:`read_workouts` returns what it holds.
"""

from services.workouts.imports.reading.findings import Finding, Findings, Unreadable
from services.workouts.imports.reading.reader import Recognised, read_workouts, recognise
from services.workouts.imports.reading.workouts import Exercise, Set, Workout

__all__ = [
    "Exercise",
    "Finding",
    "Findings",
    "Recognised",
    "Set",
    "Unreadable",
    "Workout",
    "read_workouts",
    "recognise",
]
