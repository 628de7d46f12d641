"""All that a service holds of a user, as files for them to take along.

A service lists its tables (:class:`Table`), each of which becomes a file of JSON and one of CSV.
Its method ``take_out`` returns these part by part. The users service puts the parts together, and
knows nothing of what is in them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from schemas.cells import lines, words
from services.process.turns import Turns

LARGEST = 128 * 1024
"""Characters of a part, after which nothing further is put into it."""

Document = dict[str, Any]
Page = Callable[[Any, int, Any], tuple[list[Document], Any]]
"""Returns the next documents of a user, and the place to go on after; None if these are the last.

It is given what the service reads by, the user's id, and the place; None at first.
"""


@dataclass(frozen=True)
class Table:
    """What becomes two files with the same things in them.

    Attributes:
        name: of the files, such as ``sessions``.
        about: what is in them, for somebody who has never seen a database.
        columns: of the CSV. ``set.reps`` is a member of a member.
        page: reads the documents.
        stored_in: the tables of the database that hold them.
        cells: returns the rows of the CSV that a document has; None for one, by the columns.
        shown: returns what JSON has of a document; None for all.
        before, after: what stands around the documents in JSON.
    """

    name: str
    about: str
    columns: Sequence[str]
    page: Page
    stored_in: Sequence[str]
    cells: Callable[[Document], Iterable[Sequence[str]]] | None = None
    shown: Callable[[Document], Document] | None = None
    before: str = "[\n"
    after: str = "\n]\n"


def part(
    tables: Sequence[Table], source: object, user_id: int, cursor: list[Any] | None
) -> dict[str, Any]:
    """Return the next part of a user's files; what ``take_out`` of each service returns.

    Args:
        tables: all that the service has.
        source: what their ``page`` is given.
        user_id: the user.
        cursor: ``next`` of the part before; None for the first.

    Returns:
        ``{"files": {"sessions.csv": more of its text}, "about": {"sessions": what is in it},
        "next": cursor}``. ``about`` has the tables that begin in the part.
    """
    number, place, goes_on = cursor or (0, None, False)
    files: dict[str, str] = {}
    about: dict[str, str] = {}
    every = [(table, form) for table in tables for form in (_Json, _Csv)]
    for table, form in islice(every, number, None):
        if place is None:
            about[table.name] = table.about
        text, place, goes_on = _more(table, form, source, user_id, place, goes_on)
        files[f"{table.name}.{form.ending}"] = text
        if place is not None:
            return {"files": files, "about": about, "next": [number, place, goes_on]}
        number, goes_on = number + 1, False
        if sum(map(len, files.values())) >= LARGEST:
            break
    return {
        "files": files,
        "about": about,
        "next": [number, None, False] if number < len(every) else None,
    }


def _more(
    table: Table,
    form: "type[_Json] | type[_Csv]",
    source: object,
    user_id: int,
    place: Any,
    goes_on: bool,
) -> tuple[str, Any, bool]:
    """Return more of a file, the place to go on after, and whether it has any document."""
    text = form.before(table) if place is None else ""
    while len(text) < LARGEST:
        documents, place = table.page(source, user_id, place)
        text += form.body(table, documents, goes_on)
        goes_on = goes_on or bool(documents)
        if place is None:
            return text + form.after(table), None, goes_on
    return text, place, goes_on


class _Json:
    ending = "json"

    @staticmethod
    def before(table: Table) -> str:
        return table.before

    @staticmethod
    def body(table: Table, documents: list[Document], goes_on: bool) -> str:
        shown = map(table.shown, documents) if table.shown else documents
        # a line each, so that a program can read them one by one
        text = ",\n".join(orjson.dumps(document).decode() for document in shown)
        return f",\n{text}" if goes_on and documents else text

    @staticmethod
    def after(table: Table) -> str:
        return table.after


class _Csv:
    ending = "csv"

    @staticmethod
    def before(table: Table) -> str:
        return lines([table.columns])

    @staticmethod
    def body(table: Table, documents: list[Document], goes_on: bool) -> str:
        of_document = table.cells or (lambda document: [row(document, table.columns)])
        return lines(cells for document in _in_turns(documents) for cells in of_document(document))

    @staticmethod
    def after(table: Table) -> str:
        return ""


def _in_turns(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield documents, and let others run between them."""
    turns = Turns()
    for document in documents:
        turns.give_way()
        yield document


def row(document: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    """Return the cells of a document in these columns."""
    return [cell(_member(document, column)) for column in columns]


def cell(value: Any) -> str:
    """Return the cell of any value of JSON: of a list of words these, otherwise JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return words(value)
    if type(value) in (int, float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return words(", ".join(value))
    return orjson.dumps(value).decode()


def _member(document: Mapping[str, Any], column: str) -> Any:
    name, _, rest = column.partition(".")
    value = document.get(name)
    if not rest:
        return value
    return _member(value, rest) if isinstance(value, dict) else None
