"""Matching the names of a file with the exercises that a user sees."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import eventlet

from schemas.private_exercises import LONGEST_NAME
from services.dependencies.database import Database
from services.exercises import catalogue
from services.exercises.matching import reads
from services.exercises.matching.index import Entry, Index
from services.exercises.matching.rules import ASK, EXACT, NEW, Catalogues, Match, match_there
from services.exercises.private.naming import unique_name

AT_A_TIME = 10
"""Names, or exercises, that are looked at before others of the process may go on."""

_seeded = Index()


def match_names(
    database: Database, user_id: int, names: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what names mean, in their order.

    Args:
        database: of the exercises.
        user_id: the user who has the names, and whose private exercises are looked at, too.
        names: as :func:`schemas.matching.checked_names` returns them.
    """
    texts = [one["name"][:LONGEST_NAME].strip() for one in names]
    seeded = _seeded_index()
    with database.together() as transaction:
        ids = reads.ids_by_slug(
            transaction.fetch, catalogue.SOURCE, [*map(str, seeded.by_known_as)]
        )
        own = reads.own(transaction.fetch, user_id)
        imported = reads.with_title(transaction.fetch, texts)
    namesakes = {one["unique_name"]: one for one in own}
    catalogues = Catalogues(
        own=_index(_own_entry(one) for one in own if one["is_active"]),
        seeded=seeded,
        imported=_index(_entry(one, one["id"]) for one in imported if not _is_in(one, seeded)),
    )
    there = _of_slugs(seeded, ids)
    found = []
    for place, (given, text) in enumerate(zip(names, texts, strict=True)):
        _pause(place)
        namesake = namesakes.get(unique_name(text))
        if namesake:
            result = Match(EXACT, [_own_entry(namesake)])
        else:
            result = match_there(text, given["measure"], catalogues, there)
        found.append({"name": given["name"], **_described(result, ids)})
    return found


def _seeded_index() -> Index:
    """Return the exercises of the catalogue that the project wrote, by slug."""
    global _seeded
    if not _seeded.by_known_as:
        # as a whole, because others may ask for it meanwhile
        _seeded = _index(_entry(one, one["slug"]) for one in catalogue.read())
    return _seeded


def _of_slugs(seeded: Index, slugs: Collection[str]) -> Index:
    """Return the exercises of an index with these slugs, which mostly are all."""
    if len(slugs) == len(seeded.by_known_as):
        return seeded
    return _index(one for slug, one in seeded.by_known_as.items() if slug in slugs)


def _index(entries: Iterable[Entry]) -> Index:
    index = Index()
    for place, entry in enumerate(entries):
        _pause(place)
        index.add(entry)
    return index


def _pause(place: int) -> None:
    if place % AT_A_TIME == AT_A_TIME - 1:
        eventlet.sleep(0)


def _entry(row: dict[str, Any], known_as: str | int) -> Entry:
    pieces = frozenset(row["all_equipment"])
    return Entry(known_as, row["name"], tuple(row["aliases"]), pieces, row["measure"])


def _own_entry(row: dict[str, Any]) -> Entry:
    pieces = frozenset([row["equipment"]] if row["equipment"] else [])
    return Entry(row["id"], row["name"], (), pieces, row["measure"])


def _is_in(row: dict[str, Any], seeded: Index) -> bool:
    return row["source"] == catalogue.SOURCE and row["slug"] in seeded.by_known_as


def _id(entry: Entry, ids: dict[str, int]) -> int | None:
    return entry.known_as if isinstance(entry.known_as, int) else ids.get(entry.known_as)


def _described(found: Match, ids: dict[str, int]) -> dict[str, Any]:
    named = [{"id": _id(entry, ids), "name": entry.name} for entry in found.entries]
    is_one = found.why not in (ASK, NEW)
    return {
        "why": found.why,
        "exercise_id": named[0]["id"] if is_one else None,
        "exercise_name": named[0]["name"] if is_one else None,
        "choices": named if found.why == ASK else [],
    }
