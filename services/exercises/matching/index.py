"""Exercises by their names: equal ones, those of the same words, and near ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from services.exercises.matching.names import Name, have_same_words, includes, read_name
from services.exercises.rules.words import is_one_slip

NEAR = 0.5
"""The least share of words that two names have in common to be near each other ..."""

NEAR_BY_COMMON_WORDS = 0.6
"""... and if they share a part of each, and only words such as "row", which say little."""

COMMON = 16
"""A word in more names than so many is common."""

SHORTEST_MISTYPED = 5
"""Letters of a word that may differ by one."""

MOST_CHOICES = 5


class Entry(NamedTuple):
    """An exercise as it is matched.

    Attributes:
        known_as: its slug, or its id if it has no slug that is its own.
        name: its name.
        aliases: its other names.
        equipment: all its pieces.
        measure: what its sets hold.
    """

    known_as: str | int
    name: str
    aliases: tuple[str, ...]
    equipment: frozenset[str]
    measure: str


class Found(NamedTuple):
    """An exercise and how a name led to it: ``exact``, ``alias`` or ``words``."""

    entry: Entry
    why: str


class Index:
    """Exercises to be found by name.

    Args:
        entries: the exercises.
    """

    def __init__(self, entries: Iterable[Entry] = ()):
        self.by_known_as: dict[str | int, Entry] = {}
        self._titles: list[tuple[Name, Entry]] = []
        self._by_name: dict[str, list[Entry]] = defaultdict(list)
        self._by_alias: dict[str, list[Entry]] = defaultdict(list)
        self._by_bag: dict[str, list[int]] = defaultdict(list)
        self._by_word: dict[str, set[int]] = defaultdict(set)
        self._by_letter: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add an exercise."""
        self.by_known_as[entry.known_as] = entry
        self._by_name[read_name(entry.name).whole].append(entry)
        for alias in entry.aliases:
            self._by_alias[read_name(alias).whole].append(entry)
        for title in map(read_name, (entry.name, *entry.aliases)):
            place = len(self._titles)
            self._titles.append((title, entry))
            self._by_bag[title.bag].append(place)
            for word in title.words:
                self._by_word[word].add(place)
                self._by_letter[word[0]].add(word)

    def has_word(self, word: str) -> bool:
        """Return whether a word, as :func:`names.tokens` spells it, stands in any name."""
        return word in self._by_word

    def find(self, asked: Name) -> list[Found]:
        """Return the exercises that a name means, each as good as the others."""
        for table, why in ((self._by_name, "exact"), (self._by_alias, "alias")):
            if asked.whole in table:
                return [Found(entry, why) for entry in _each_once(table[asked.whole])]
        return [Found(entry, "words") for entry in self._of_same_words(asked)]

    def has_movement(self, asked: Name) -> bool:
        """Return whether an exercise has the words of a name, whatever its equipment."""
        return bool(self._with_words(asked))

    def near(self, asked: Name) -> list[Entry]:
        """Return exercises with many of the words of a name, the nearest first."""
        common: Counter[int] = Counter()
        telling: set[int] = set()
        for word in asked.words:
            places = set().union(*(self._by_word[spelt] for spelt in self._spelt(word)))
            common.update(places)
            if len(places) <= COMMON:
                telling |= places
        shares: dict[str | int, float] = {}
        for place, count in common.items():
            title, entry = self._titles[place]
            share = count / (len(asked.words) + len(title.words) - count)
            is_whole = count == len(title.words) > 1
            least = NEAR if place in telling or is_whole else NEAR_BY_COMMON_WORDS
            if share >= least and _has_equipment(asked, title, entry):
                shares[entry.known_as] = max(share, shares.get(entry.known_as, 0))
        ranked = sorted(shares, key=lambda one: (-shares[one], len(self.by_known_as[one].name)))
        return [self.by_known_as[one] for one in ranked[:MOST_CHOICES]]

    def _of_same_words(self, asked: Name) -> list[Entry]:
        same = self._with_words(asked)
        if asked.equipment:
            fitting = [entry for title, entry in same if _is_of_equipment(asked, title, entry)]
        else:
            # what is left of a title without its equipment may mean much else
            fitting = [entry for title, entry in same if not title.equipment]
        own = [entry for entry in fitting if asked.equipment <= entry.equipment]
        return _each_once(own or fitting)

    def _with_words(self, asked: Name) -> list[tuple[Name, Entry]]:
        if not asked.words:
            return []
        pairs = (self._titles[place] for place in self._by_bag.get(asked.bag, ()))
        return [pair for pair in pairs if have_same_words(asked, pair[0])]

    def _spelt(self, word: str) -> set[str]:
        if word in self._by_word:
            return {word}
        if len(word) < SHORTEST_MISTYPED:
            return set()
        return {other for other in self._by_letter.get(word[0], ()) if _is_slip(word, other)}


def _is_of_equipment(asked: Name, title: Name, entry: Entry) -> bool:
    """Return whether a name and a title of an exercise are of the same equipment."""
    return _has_equipment(asked, title, entry) and all(
        piece in asked.equipment or piece in entry.equipment for piece in title.equipment
    )


def _has_equipment(asked: Name, title: Name, entry: Entry) -> bool:
    have = entry.equipment | title.equipment
    return all(includes(have, piece) for piece in asked.equipment)


def _is_slip(word: str, other: str) -> bool:
    return abs(len(word) - len(other)) <= 1 and is_one_slip(word, other)


def _each_once(entries: Iterable[Entry]) -> list[Entry]:
    return [*{entry.known_as: entry for entry in entries}.values()]
