"""How a query finds an exercise: plain rules on texts and words.

Every exercise is indexed by the words of its name, of its aliases, of its equipment and of its
description. Neighbours in a name are also indexed as one word, so that "pullup", "pull up" and
"Pull-ups" are the same.

All words of a query must be found, in any order: in the name, the aliases and the equipment, or all
of them in the description; one word alone may be anywhere. A word is found *strictly* as it stands
or as the beginning of a longer one, and *closely* with a slip of the finger or as the end of a
compound word ("press" in "benchpress"). PostgreSQL does the rest (``services/exercises/reads.py``).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice, pairwise, product

from services.exercises.rules import titles
from services.exercises.rules.words import (
    FILLERS,
    is_one_slip,
    key,
    singular,
    split,
    with_singulars,
)

SHORTEST_BEGINNING = 3
"""A shorter word of a query matches only itself and no longer word, unless it is the last one,
which may still be being typed."""

SHORTEST_MISTYPED = 4
"""Words of at least so many letters may differ by one letter."""

SHORTEST_MISSPELT = 6
"""Words of at least so many letters may be spelt worse, if nothing comes closer."""

LIKENESS = 0.8
"""The least similarity of a word that is spelt worse, as ``difflib`` measures it."""

LONGEST_MISTYPED = 20
"""Longer words are found only as they are written: mostly they are several in one."""

MOST_WORDS = 12
"""Further words of a query are ignored."""

MOST_NEAR_KEYS = 50
"""Combinations of close spellings of a query's words that are compared with whole names."""


@dataclass(frozen=True)
class IndexedText:
    """The words by which an exercise is found.

    Attributes:
        name_key: the name without spaces, see :func:`key`.
        alias_keys: the same of each alias.
        title_keys: of name and aliases without equipment, see :mod:`.titles`.
        name_words: the words of the name.
        title_words: the words of the name, of the aliases and of the equipment.
        search_words: those, and the words of the description.
        joined_words: those of them that are neighbours written as one.
    """

    name_key: str
    alias_keys: list[str]
    title_keys: list[str]
    name_words: frozenset[str]
    title_words: frozenset[str]
    search_words: frozenset[str]
    joined_words: frozenset[str]


@dataclass(frozen=True)
class Term:
    """One word of a query, and the words of the catalogue that it may mean.

    Attributes:
        word: as it was written.
        written: the same, and with each of its neighbours as one word.
        whole: words that it means.
        beginnings: beginnings of words that it means.
    """

    word: str
    written: frozenset[str]
    whole: frozenset[str]
    beginnings: frozenset[str]


@dataclass(frozen=True)
class Title:
    """A query as a name or alias of an exercise.

    Attributes:
        key: see :func:`key`.
        title_keys: of equal names and aliases, see :mod:`.titles`.
        whole: all words as they stand, as a ``tsquery``.
        pieces: the words, of which some may be a piece of equipment.
    """

    key: str
    title_keys: list[str]
    whole: str
    pieces: list[str]


@dataclass(frozen=True)
class Patterns:
    """A query as values of the search's SQL statement.

    Attributes:
        key: the name looked for, see :func:`key`.
        near_keys: the same, and what it becomes with close spellings of its words.
        beginning: the beginning of a name, as typed.
        whole: all words as they stand.
        strict: the same, or as beginnings of words.
        close: the same, or in a close spelling.
        found: the same, but for a word of which only the first letter is there yet.
        any_word: any of the words, as it stands or as the beginning of a word.
        is_one_word: whether ``found`` is one word.
    """

    key: str
    near_keys: list[str]
    beginning: str
    whole: str
    strict: str
    close: str
    found: str
    any_word: str
    is_one_word: bool


def index(
    name: str,
    aliases: Iterable[str],
    description: str | None,
    equipment: Collection[str] = (),
) -> IndexedText:
    """Return the words by which an exercise is found.

    Args:
        name: its name.
        aliases: its other names.
        description: what is told of it.
        equipment: all pieces.
    """
    named = [name, *aliases]
    keys = [key(title) for title in named]
    joined = [_joined(split(title)) | {one} for title, one in zip(named, keys, strict=True)]
    words = [with_singulars(split(title)) for title in named]
    pieces = titles.equipment_words(equipment)
    title_words = frozenset().union(*words, *joined, pieces)
    described = with_singulars(split(description or ""))
    return IndexedText(
        name_key=keys[0],
        alias_keys=keys[1:],
        title_keys=titles.title_keys(named, equipment),
        name_words=frozenset(words[0] | joined[0]),
        title_words=title_words,
        search_words=title_words | described,
        joined_words=frozenset().union(*joined).difference(described, pieces, *words),
    )


def spellings(word: str) -> list[str]:
    """Return a word and what is left of it when any one letter is left out.

    Two words that differ by one wrong, missing, extra or swapped letter share one of these. So
    an index of them finds every close spelling, where trigrams miss those of short words.
    """
    return sorted({word, *(word[:place] + word[place + 1 :] for place in range(len(word)))})


def terms(query: str) -> list[Term]:
    """Return the words that must all be found, each with what it may stand for."""
    words = split(query)[:MOST_WORDS]
    found = []
    for place, word in enumerate(words):
        # two neighbours may be one word elsewhere, and then both are found by it
        joined = [
            first + second for first, second in pairwise(words[max(place - 1, 0) : place + 2])
        ]
        last = place == len(words) - 1
        begins = [word] if last or len(word) >= SHORTEST_BEGINNING else []
        found.append(
            Term(
                word=word,
                written=frozenset([word, *joined]),
                whole=frozenset(with_singulars([word, *joined]) | _translated(word)),
                beginnings=frozenset(begins + joined),
            )
        )
    return found


def title(query: str, query_terms: list[Term]) -> Title:
    """Return a query as a name or alias of an exercise.

    Args:
        query: as it was typed.
        query_terms: its words.
    """
    whole = [term.whole for term in query_terms]
    return Title(
        key=key(query),
        title_keys=titles.query_keys(term.word for term in query_terms),
        whole=_all_of(whole),
        pieces=sorted(frozenset().union(*whole)),
    )


def mistypable(words: Iterable[str]) -> list[str]:
    """Return the words that can be misspelt, or be the misspelling of a word."""
    # a word of four letters that lost one has three
    return sorted(word for word in words if SHORTEST_MISTYPED - 1 <= len(word) <= LONGEST_MISTYPED)


def unknown(query_terms: Iterable[Term], vocabulary: Collection[str]) -> list[str]:
    """Return the long words of a query to which none of the vocabulary is close.

    Args:
        query_terms: the words of the query.
        vocabulary: all words of the catalogue that begin like one of them, end like one, or
            differ from one by a slip.
    """
    return sorted(
        term.word
        for term in query_terms
        if SHORTEST_MISSPELT <= len(term.word) <= LONGEST_MISTYPED and not _known(term, vocabulary)
    )


def patterns(query: str, query_terms: list[Term], vocabulary: Collection[str]) -> Patterns:
    """Return a query as values of the search's SQL statement.

    Args:
        query: as it was typed.
        query_terms: its words.
        vocabulary: words of the catalogue among which the close spellings are.
    """
    words, meant = _without_fillers(split(query), query_terms, vocabulary)
    near = [_close_words(term, vocabulary) for term in meant]
    whole = [term.whole for term in meant]
    strict = [_found_by(term.whole, term.beginnings) for term in meant]
    close = [
        _found_by(term.whole | others, term.beginnings)
        for term, others in zip(meant, near, strict=True)
    ]
    is_begun = len(words) > 1 and len(words[-1]) == 1
    found = close[:-1] if is_begun else close
    return Patterns(
        key=key(query),
        near_keys=_near_keys(words, near),
        beginning="".join(split(query)),
        whole=_all_of(whole),
        strict=_all_of(strict),
        close=_all_of(close),
        found=_all_of(found),
        any_word=_all_of([frozenset().union(*strict)]),
        is_one_word=len(found) == 1,
    )


def are_in_titles(query: str, titles: Iterable[str], equipment: Collection[str] = ()) -> bool:
    """Return whether all words of a query stand in a name, its aliases or its equipment."""
    name, *aliases = titles
    known = index(name, aliases, None, equipment).title_words
    return all(term.whole & known for term in terms(query))


def _without_fillers(
    words: list[str], query_terms: list[Term], vocabulary: Collection[str]
) -> tuple[list[str], list[Term]]:
    """Leave out what is no word of the catalogue, but a slip in a filler."""
    both = list(zip(words, query_terms, strict=False))
    meant = [(word, term) for word, term in both if not _is_filler(word, term, vocabulary)] or both
    return [word for word, _ in meant], [term for _, term in meant]


def _is_filler(word: str, term: Term, vocabulary: Collection[str]) -> bool:
    long = (filler for filler in FILLERS if len(filler) >= SHORTEST_MISTYPED)
    return any(is_one_slip(word, filler) for filler in long) and not _known(term, vocabulary)


def _close_words(term: Term, vocabulary: Collection[str]) -> set[str]:
    if not _known(term, vocabulary):
        return {
            word
            for written in unknown([term], vocabulary)
            for word in get_close_matches(written, vocabulary, cutoff=LIKENESS)
        }
    return {word for word in vocabulary for written in term.written if _is_close(word, written)}


def _known(term: Term, vocabulary: Collection[str]) -> bool:
    return any(
        word.startswith(written) or _is_close(word, written)
        for word in vocabulary
        for written in term.written
    )


def _near_keys(words: list[str], near: list[set[str]]) -> list[str]:
    choices = [
        [singular(word), *sorted({singular(other) for other in others})]
        for word, others in zip(words, near, strict=True)
    ]
    return sorted({"".join(words) for words in islice(product(*choices), MOST_NEAR_KEYS)})


def _is_close(word: str, written: str) -> bool:
    if len(written) >= SHORTEST_MISTYPED and word.endswith(written):
        return True
    return max(len(word), len(written)) >= SHORTEST_MISTYPED and is_one_slip(word, written)


def _translated(word: str) -> set[str]:
    meant = titles.FOREIGN.get(singular(word))
    return {meant} if meant else set()


def _joined(words: list[str]) -> set[str]:
    singulars = [singular(word) for word in words]
    return {first + second for form in (words, singulars) for first, second in pairwise(form)}


def _found_by(words: Iterable[str], beginnings: Collection[str]) -> set[str]:
    # PostgreSQL looks up everything it is given, also what a beginning has found already
    shortest = [word for word in beginnings if not _begins_so(word, {*beginnings} - {word})]
    others = [word for word in words if not _begins_so(word, shortest)]
    return {*others, *(f"{word}:*" for word in shortest)}


def _begins_so(word: str, beginnings: Iterable[str]) -> bool:
    return word.startswith(tuple(beginnings))


def _all_of(alternatives: Iterable[Collection[str]]) -> str:
    """Write a ``tsquery``. Words are letters and digits only, so nothing needs quoting."""
    return " & ".join(f"({' | '.join(sorted(forms))})" for forms in alternatives)
