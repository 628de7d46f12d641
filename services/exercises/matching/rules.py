"""Which exercise a name in another app's file means: plain rules on indexes of exercises."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.exercises.matching import app_names, measures
from services.exercises.matching.index import MOST_CHOICES, Entry, Found, Index
from services.exercises.matching.names import ASSISTED, WEIGHTED, Name, read_name, tokens
from services.exercises.matching.translating import translations

EXACT, ALIAS, WORDS, ASK, NEW = "exact", "alias", "words", "ask", "new"


class Match(NamedTuple):
    """What a name means.

    Attributes:
        why: ``exact``, ``alias`` or ``words`` if it is one exercise, ``ask`` or ``new`` if not.
        entries: the one, or those to choose from.
    """

    why: str
    entries: Sequence[Entry] = ()


class Catalogues(NamedTuple):
    """All exercises that a user can have meant.

    Attributes:
        own: the user's private ones, by id.
        seeded: those of the catalogue that the project wrote, by slug.
        imported: others, by id; enough are those that share words with the names.
    """

    own: Index
    seeded: Index
    imported: Index


def match(text: str, measure: str | None, catalogues: Catalogues) -> Match:
    """Return what a name means.

    Args:
        text: the name.
        measure: what the sets of this name in the file hold; None if it is not known.
        catalogues: all exercises.
    """
    asked = read_name(text)
    own = catalogues.own.find(asked)
    if own and own[0].why == EXACT:
        return _one_or_ask(own)
    found = _in_catalogue(asked, measure, catalogues.seeded)
    if found and found.why not in (EXACT, ALIAS) and own:
        return _one_or_ask(own) if found.why == NEW else _choice([*_entries(own), *found.entries])
    if not found and own:
        return _one_or_ask(own)
    found = found or _translated(text, measure, catalogues.seeded)
    if found and found.why != NEW:
        return found
    imported = catalogues.imported.find(asked)
    if imported:
        return _one_or_ask(imported)
    return found or _near(asked, catalogues)


def match_there(text: str, measure: str | None, catalogues: Catalogues, there: Index) -> Match:
    """Return what a name means, of the exercises that are in the database.

    One that is not there may have the name of one that another source has brought.

    Args:
        text: the name.
        measure: as for :func:`match`.
        catalogues: all exercises.
        there: those of ``catalogues.seeded`` that are in the database, and active.
    """
    found = match(text, measure, catalogues)
    missing = catalogues.seeded.by_known_as.keys() - there.by_known_as.keys()
    entries = [one for one in found.entries if one.known_as not in missing]
    if len(entries) == len(found.entries):
        return found
    if entries:
        return Match(found.why, entries)
    return match(text, measure, catalogues._replace(seeded=there))


def _in_catalogue(asked: Name, measure: str | None, seeded: Index) -> Match | None:
    """Return what a name in English means; None if no exercise has it."""
    known = app_names.find(asked)
    if known and not known.slugs:
        return Match(NEW)
    entries = _known(known.slugs, seeded) if known else []
    if known and known.is_vague and entries:
        only = measures.only_of_kind(entries, measure)
        return Match(WORDS, [only]) if only else _choice(entries)
    if entries:
        literal = [one for one in seeded.find(asked) if one.entry == entries[0]]
        return _of_measure(literal or [Found(entries[0], ALIAS)], measure, asked, seeded)
    found = seeded.find(asked) or _without_added_weight(asked, seeded)
    return _of_measure(found, measure, asked, seeded) if found else None


def _without_added_weight(asked: Name, seeded: Index) -> list[Found]:
    """Find an exercise with one's own weight, to which a name says that more was added."""
    if WEIGHTED not in asked.words:
        return []
    rest = asked.words - {WEIGHTED}
    bare = Name("", rest, "".join(sorted("".join(rest))), asked.equipment)
    found = seeded.find(bare)
    return [one for one in found if one.entry.measure == "bodyweight_reps"]


def _of_measure(found: list[Found], measure: str | None, asked: Name, seeded: Index) -> Match:
    if len(found) > 1:
        return _choice(_entries(found))
    [(entry, why)] = found
    kind = measures.kind_of(entry, measure, why, bool(asked.equipment))
    if kind.sure is None:
        return _choice(_known(kind.may_be, seeded) or [entry])
    if kind.sure == entry.known_as:
        return Match(why, [entry])
    others = _known([kind.sure], seeded)
    return Match(WORDS, others) if others else _choice([entry])


def _translated(text: str, measure: str | None, seeded: Index) -> Match | None:
    """Return what a name in another language means; None if it is in none that is known.

    A name that can be read in two languages, as other exercises, is asked for; also if one of them
    is new, with the words of the other and other equipment.
    """
    readings = []
    for english in translations(text, lambda word: all(map(seeded.has_word, tokens(word)))):
        asked = read_name(english)
        readings.append((asked, _in_catalogue(asked, measure, seeded) or Match(NEW)))
    named = [(asked, one) for asked, one in readings if one.why != NEW]
    if not named:
        return readings[0][1] if readings else None
    entries = [entry for _, one in named for entry in one.entries]
    others = {asked.words: asked.equipment for asked, one in readings if one.why == NEW}
    is_sure = all(
        one.why != ASK and others.get(asked.words, asked.equipment) == asked.equipment
        for asked, one in named
    )
    if len({entry.known_as for entry in entries}) == 1 and is_sure:
        return Match(WORDS, entries[:1])
    return _choice(entries)


def _near(asked: Name, catalogues: Catalogues) -> Match:
    """Ask where exercises have nearly the name; it is new if it is all known but for equipment."""
    if asked.equipment and catalogues.seeded.has_movement(asked):
        return Match(NEW)
    near = [*catalogues.own.near(asked), *catalogues.seeded.near(asked)]
    near = [entry for entry in near if _is_as_assisted(asked, entry)]
    return _choice(near) if near else Match(NEW)


def _is_as_assisted(asked: Name, entry: Entry) -> bool:
    return (ASSISTED in asked.words) <= (entry.measure == "assisted_reps")


def _known(keys: Iterable[str | int], index: Index) -> list[Entry]:
    return [index.by_known_as[one] for one in keys if one in index.by_known_as]


def _entries(found: Iterable[Found]) -> list[Entry]:
    return [one.entry for one in found]


def _one_or_ask(found: list[Found]) -> Match:
    return Match(found[0].why, [found[0].entry]) if len(found) == 1 else _choice(_entries(found))


def _choice(entries: Iterable[Entry]) -> Match:
    return Match(ASK, [*dict.fromkeys(entries)][:MOST_CHOICES])
