"""Finding out whether a file is our own export, and reading its workouts."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.exported import FORMAT, VERSION
from schemas.imports import GYM
from services.transport.exact_numbers import NotJson
from services.workouts.imports.reading import text
from services.workouts.imports.reading.findings import (
    LONGEST,
    Finding,
    Findings,
    Unreadable,
    check_count,
)
from services.workouts.imports.reading.own.parsing import parse
from services.workouts.imports.reading.own.scanning import Scanner, Value
from services.workouts.imports.reading.own.workouts import Faulty, sets_in, workout_of
from services.workouts.imports.reading.workouts import Workout

_WORKOUTS = "workouts"
_QUOTED = 20
"""Bytes of what is no JSON that are looked at, and quoted."""


@dataclass(frozen=True)
class RecognisedExport:
    """One of our own exports. Units and time zones are in it, so it needs none.

    ``records`` is how many lines it has, for telling the progress.
    """

    records: int
    source: str = GYM
    needs: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """Return what a person should look over, as JSON has it."""
        return {
            "source": self.source,
            "encoding": "utf-8",
            "delimiter": None,
            "language": None,
            "month_language": None,
            "decimal_mark": ".",
            "weight_unit": None,
            "distance_unit": None,
        }


def is_json(chunks: text.Chunks) -> bool:
    """Return whether a file is JSON and no table, by the first byte that is no space."""
    return _beginning(chunks).startswith((b"{", b"["))


def recognise_export(open_file: text.Open) -> RecognisedExport:
    """Find out whether a file is one of our own exports.

    All of it is read: what it says of itself may stand behind its workouts.

    Args:
        open_file: returns its chunks from the beginning, each time it is called.

    Raises:
        Unreadable: it is none, or can't be decoded.
    """
    _check_beginning(open_file())
    scanner = Scanner(open_file(), _WORKOUTS)
    found: dict[str, object] = {}
    count = 0
    for value in scanner.values():
        if value.name == _WORKOUTS and value.text:
            count += 1
        elif value.name in found:
            message = f"The member {value.name[:50]!r} is there twice"
            raise Unreadable(Finding(value.line, "", message, "json"))
        elif value.name == _WORKOUTS:
            found[value.name] = []
        else:
            found[value.name] = _parsed(value)
    _check_members(found)
    if not count:
        raise Unreadable(Finding(1, _WORKOUTS, "There are no workouts in it", "min_items"))
    return RecognisedExport(scanner.line)


def read_export(open_file: text.Open, findings: Findings) -> Iterator[Workout]:
    """Yield the workouts of one of our own exports, in its order.

    Args:
        open_file: as for :func:`recognise_export`.
        findings: where faults go. Workouts with faults are left out.

    Raises:
        Unreadable: there are too many sets, those of faults included.
    """
    sets = 0
    for value in Scanner(open_file(), _WORKOUTS).values():
        if value.name != _WORKOUTS or not value.text:
            continue
        given = None
        try:
            given = parse(value.text)
            workout = workout_of(given, value.line)
        except UnicodeDecodeError:
            raise Unreadable(_undecodable(value.line)) from None
        except NotJson as problem:
            workout = None
            findings.refuse(Finding(value.line, "", str(problem), "json"))
        except Faulty as problem:
            workout = None
            findings.refuse(*problem.findings)
        # one without sets takes its place, too
        sets += max(sets_in(given), 1)
        check_count(sets, value.line)
        if workout is not None:
            yield workout


def _beginning(chunks: text.Chunks) -> bytes:
    """Return the first bytes that are no spaces, at least four of them if there are."""
    begin = b""
    for chunk in chunks:
        begin = (begin + chunk).removeprefix(codecs.BOM_UTF8).lstrip()
        # as many as a byte-order mark has may come in two chunks
        if len(begin) > len(codecs.BOM_UTF8):
            break
    return begin


def _check_beginning(chunks: text.Chunks) -> None:
    begin = _beginning(chunks)
    if not begin:
        raise Unreadable(Finding(0, "", "The file is empty", "min_items"))
    if b"\0" in begin[:_QUOTED] or begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(_undecodable(1))
    if begin.startswith(b"["):
        raise Unreadable(_unknown("", "a list"))
    if not begin.startswith(b"{"):
        message = "This is no JSON: it must begin with {. A table of Strong or Hevy is text/csv"
        quoted = begin[:_QUOTED].decode("utf-8", "replace")
        raise Unreadable(Finding(1, "", message, "json", quoted))


def _parsed(value: Value) -> object:
    try:
        return parse(value.text)
    except UnicodeDecodeError:
        raise Unreadable(_undecodable(value.line)) from None
    except NotJson as problem:
        raise Unreadable(Finding(value.line, "", str(problem), "json")) from None


def _check_members(found: dict[str, object]) -> None:
    expected: dict[str, object] = {"format": FORMAT, "version": VERSION, _WORKOUTS: []}
    for name, value in expected.items():
        # true is equal to 1
        if found.get(name) != value or type(found[name]) is not type(value):
            raise Unreadable(_unknown(name, ", ".join(found)[:LONGEST] or "none"))


def _unknown(field: str, found: str) -> Finding:
    message = (
        f'This is no export of Gym Tracker. Looked for were the members format ("{FORMAT}"), '
        f"version ({VERSION}) and workouts (a list); found were: {found}"
    )
    return Finding(1, field, message, "columns", found)


def _undecodable(line: int) -> Finding:
    message = f"Line {line} is not in UTF-8, as JSON has to be"
    return Finding(line, "", message, "encoding")
