"""Columns of an exercise from one of wger's entries: plain functions.

Decoding is lenient, because servers run versions of many ages: only an id and an English name are
required. The same entry gives the same columns whatever the order of its lists.
"""

import re
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from schemas.exercises import REP_UNITS
from services.exercises.rules.words import key, split
from services.exercises.wger import vocabulary
from services.exercises.wger.measures import measure_of
from services.exercises.wger.text import one_line, plain_text, tidy_name

SOURCE = "wger"

MALFORMED = "malformed"
NO_ENGLISH_NAME = "no_english_name"

ENGLISH = "en"
ENGLISH_ID = 2
"""English on every server that was set up with wger's fixtures."""

MOST_ALIASES = 20
MOST_PARTS = 20
LARGEST_ID = 2**63 - 1
LONGEST_WORD = 50


@dataclass(frozen=True)
class Entry:
    """One entry, decoded.

    Attributes:
        external_id: wger's id, None if there is none.
        external_uuid: wger's uuid, None if there is none.
        name: for reports.
        columns: of the exercise, without its slug; None if the entry is skipped.
        reason: why it is skipped, None if it is not.
    """

    external_id: str | None
    external_uuid: str | None
    name: str | None
    columns: dict[str, Any] | None = None
    reason: str | None = None


def read_entry(given: Any, english: Collection[int]) -> Entry:
    """Decode an entry.

    Args:
        given: an item of wger's ``results``.
        english: the ids of the languages that are English on this server.
    """
    external_id = _id(given.get("id")) if isinstance(given, dict) else None
    if external_id is None:
        return Entry(None, None, None, reason=MALFORMED)
    external_uuid = _uuid(given.get("uuid"))
    translation = _english(given, english)
    if translation is None:
        name = _any_name(given)
        return Entry(external_id, external_uuid, name, reason=NO_ENGLISH_NAME)
    columns = _columns(given, translation)
    columns |= {"external_id": external_id, "external_uuid": external_uuid}
    return Entry(external_id, external_uuid, columns["name"], columns)


def english_ids(languages: Iterable[object]) -> frozenset[int]:
    """Return the ids of those of wger's languages that are English."""
    found = frozenset(
        item["id"]
        for item in languages
        if isinstance(item, dict)
        and isinstance(item.get("id"), int)
        and _is_english_code(item.get("short_name") or item.get("code"))
    )
    return found or frozenset({ENGLISH_ID})


def category_of(name: str, wger_category: str) -> str:
    """Return ``flexibility``, ``cardio`` or ``strength``; wger's own categories are body parts."""
    if vocabulary.STRETCHING & (_words(name) | _words(wger_category)):
        return "flexibility"
    if wger_category.casefold() == "cardio" or _mentions(name, vocabulary.ENDURANCE):
        return "cardio"
    return "strength"


def rep_type_of(name: str, category: str) -> str:
    """Return what a set counts: ``distance``, ``time``, or ``count`` for repetitions."""
    words = _words(name)
    if category == "flexibility" or words & vocabulary.HOLDING:
        return "time"
    if category == "cardio":
        if _mentions(name, vocabulary.REPEATED):
            return "count"
        return "distance" if words & vocabulary.ON_THE_WAY else "time"
    if words & vocabulary.CARRYING and not words & vocabulary.ON_THE_SPOT:
        return "distance"
    if _mentions(name, vocabulary.STILL) and not words & vocabulary.MOVING:
        return "time"
    return "count"


def equipment_of(names: Iterable[str], exercise: str) -> list[str]:
    """Return all pieces of equipment, the main one first.

    Args:
        names: as wger lists them.
        exercise: its name, from which the equipment is derived if wger lists none.
    """
    pieces = {_ours(vocabulary.EQUIPMENT, name) for name in names}
    if not pieces:
        pieces = {
            piece
            for piece, words in vocabulary.EQUIPMENT_IN_NAMES.items()
            if _mentions(exercise, words)
        }
    if "smith machine" in pieces:
        pieces.discard("machine")
    return sorted(pieces, key=_weight)


def muscles_of(given: object) -> list[str]:
    """Return muscles in our own vocabulary, sorted."""
    names = [
        (one_line(item.get("name"), LONGEST_WORD), one_line(item.get("name_en"), LONGEST_WORD))
        for item in _dicts(given)
    ]
    return sorted({_muscle(latin, english) for latin, english in names if latin or english})


def _columns(given: dict, translation: dict) -> dict[str, Any]:
    name = tidy_name(translation.get("name"))
    wger_category = _label(given.get("category"))
    category = category_of(name, wger_category)
    rep_type = rep_type_of(name, category)
    equipment = equipment_of(_labels(given.get("equipment")), name)
    main = equipment[0] if equipment else None
    primary = muscles_of(given.get("muscles"))
    secondary = [item for item in muscles_of(given.get("muscles_secondary")) if item not in primary]
    return {
        "name": name,
        "aliases": _aliases(translation, name),
        "description": plain_text(translation.get("description")) or None,
        "instructions": _notes(translation) or None,
        "category": category,
        "body_part": _ours(vocabulary.BODY_PARTS, wger_category) or None,
        "primary_muscles": primary,
        "secondary_muscles": secondary,
        "equipment": main,
        "all_equipment": equipment,
        "difficulty": None,
        "measure": measure_of(name, category, rep_type, main),
        "rep_type": rep_type,
        "unit": REP_UNITS[rep_type],
        "external_source": SOURCE,
        "license": _license(given, translation) or None,
        "license_author": _authors(given, translation) or None,
    }


def _english(given: dict, english: Collection[int]) -> dict | None:
    translations = given.get("translations") or given.get("exercises")
    candidates = _dicts(translations) or ([given] if "name" in given else [])
    found = [
        (not _is_plain_english(item, english), _order(item), number, item)
        for number, item in enumerate(candidates)
        if _is_english(item.get("language"), english) and key(tidy_name(item.get("name")))
    ]
    return min(found)[-1] if found else None


def _is_english(language: object, english: Collection[int]) -> bool:
    if isinstance(language, dict):
        code = language.get("short_name") or language.get("code")
        return _is_english_code(code) if code else _is_english(language.get("id"), english)
    if isinstance(language, str) and not language.isdecimal():
        return _is_english_code(language)
    known = _id(language)
    return known is not None and int(known) in english


def _is_plain_english(translation: dict, english: Collection[int]) -> bool:
    language = translation.get("language")
    return isinstance(language, int) and language == min(english)


def _is_english_code(code: object) -> bool:
    return isinstance(code, str) and re.split("[-_]", code.casefold())[0] == ENGLISH


def _any_name(given: dict) -> str | None:
    translations = _dicts(given.get("translations") or given.get("exercises"))
    names = (tidy_name(item.get("name")) for item in translations)
    return next((name for name in names if name), None)


def _aliases(translation: dict, name: str) -> list[str]:
    items = translation.get("aliases")
    given = items if isinstance(items, list) else []
    texts: list[Any] = [item for item in given if isinstance(item, str)]
    texts += [item.get("alias") for item in sorted(_dicts(items), key=_order)]
    found = {key(name): name}
    for text in texts:
        alias = tidy_name(text)
        if key(alias):
            found.setdefault(key(alias), alias)
    return list(found.values())[1 : MOST_ALIASES + 1]


def _notes(translation: dict) -> str:
    notes = sorted(_dicts(translation.get("notes") or translation.get("comments")), key=_order)
    lines = (one_line(note.get("comment"), 1000) for note in notes[:MOST_PARTS])
    return "\n".join(f"- {line}" for line in lines if line)


def _license(given: dict, translation: dict) -> str:
    for item in (given.get("license"), translation.get("license")):
        if isinstance(item, dict):
            return one_line(item.get("short_name") or item.get("full_name"))
        if isinstance(item, str):
            return one_line(item)
    return ""


def _authors(given: dict, translation: dict) -> str:
    names = [one_line(item.get("license_author")) for item in (given, translation)]
    if not any(names):
        history = given.get("total_authors_history") or given.get("author_history")
        names = [one_line(name) for name in history] if isinstance(history, list) else []
    return ", ".join(dict.fromkeys(name for name in names[:MOST_PARTS] if name))


def _muscle(latin: str, english: str) -> str:
    known = vocabulary.MUSCLES.get(latin.casefold())
    return known or _ours(vocabulary.MUSCLES, english or latin)


def _ours(words: dict[str, str], name: str) -> str:
    return words.get(name.casefold(), name.casefold())


def _weight(piece: str) -> tuple[int, int, str]:
    if piece in vocabulary.LOADS:
        return 0, vocabulary.LOADS.index(piece), piece
    if piece in vocabulary.SUPPORTS:
        return 2, vocabulary.SUPPORTS.index(piece), piece
    return 1, 0, piece


def _words(text: str) -> frozenset[str]:
    return frozenset(split(text))


def _mentions(name: str, phrases: Iterable[str]) -> bool:
    words = f" {' '.join(split(name))} "
    return any(f" {phrase} " in words for phrase in phrases)


def _labels(items: object) -> list[str]:
    labels = [_label(item) for item in items[:MOST_PARTS]] if isinstance(items, list) else []
    return [label for label in labels if label]


def _label(item: object) -> str:
    return one_line(item.get("name") if isinstance(item, dict) else item, LONGEST_WORD)


def _dicts(items: object) -> list[dict]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _order(item: dict) -> int:
    return int(_id(item.get("id")) or 0)


def _id(value: object) -> str | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_ID:
        return None
    return str(value)


def _uuid(value: object) -> str | None:
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
