"""Names of exercises in other languages, as English ones.

A name is translated only if all of its words are known: phrases of the language, words that say
nothing, and English words, which the apps leave in many names. So an unknown word never changes
what a name means.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from services.exercises.rules.words import plain_words

DIRECTORY = Path(__file__).with_name("languages")

LONGEST_PHRASE = 6
"""Words of the longest phrase that is looked up."""

_ENDINGS = {
    "de": re.compile("(en|er|es|em|e|n|s)+$"),
    "nl": re.compile("(en|e|s)+$"),
    # without the breve of the last letter of endings such as "-ый"
    "ru": re.compile(
        "(ями|ами|ого|его|ому|ыми|ими|ов|ев|ои|еи|ыи|ии|ом|ем|ам|ям|ах|ях|ая|ое|ие|ые|ия|ую|ью"
        "|[аеиоуыэюяь])$"
    ),
    "tr": re.compile("$"),
}
_ROMANCE = re.compile("(os|as|es|is|o|a|e|i|s)$")
"""Endings by which the forms of a word differ."""

_COMPOUNDS = {"de": re.compile("^(langhantel|kurzhantel|kabelzug|kabel|trizeps|bizeps)(?=....)")}
"""Beginnings of words that are words of their own."""


class Language(NamedTuple):
    """What is known of a language.

    Attributes:
        code: of ISO 639-1.
        phrases: what phrases mean in English, by the stems of their words.
        fillers: stems of words that say nothing.
        first: the first stems of all phrases.
    """

    code: str
    phrases: dict[tuple[str, ...], str]
    fillers: frozenset[str]
    first: frozenset[str]


@cache
def languages() -> tuple[Language, ...]:
    """Return all languages that names are translated from."""
    return tuple(_read(file.stem, file) for file in sorted(DIRECTORY.glob("*.json")))


def translations(text: str, is_english: Callable[[str], bool]) -> Iterator[str]:
    """Yield a name in English, by each language in which all of it can be read.

    Args:
        text: the name.
        is_english: whether a word may stay as it is.
    """
    words = plain_words(text)
    for language in languages():
        found = _translate(words, language, is_english)
        if found:
            yield found


def _translate(
    plain: list[str], language: Language, is_english: Callable[[str], bool]
) -> str | None:
    words = [(word, stem(word, language.code)) for word in _parted(plain, language.code)]
    words = [pair for pair in words if pair[1] not in language.fillers]
    if language.first.isdisjoint(one for _, one in words):
        return None
    found: list[str] = []
    is_translated = False
    while words:
        length, meaning = _first_phrase([stem for _, stem in words[:LONGEST_PHRASE]], language)
        if meaning is None:
            meaning = words[0][0]
            if not is_english(meaning):
                return None
        else:
            is_translated = True
        found.append(meaning)
        words = words[length:]
    return " ".join(found) if is_translated else None


def _first_phrase(stems: list[str], language: Language) -> tuple[int, str | None]:
    """Return how many words the longest phrase at the beginning has, and what it means."""
    for length in range(len(stems), 0, -1):
        meaning = language.phrases.get(tuple(stems[:length]))
        if meaning is not None:
            return length, meaning
    return 1, None


@lru_cache(maxsize=8192)
def stem(word: str, code: str) -> str:
    """Return what the forms of a word have in common, roughly."""
    shorter = _ENDINGS.get(code, _ROMANCE).sub("", word)
    return shorter if len(shorter) >= 2 else word


def _parted(words: list[str], code: str) -> list[str]:
    compounds = _COMPOUNDS.get(code)
    return [part for word in words for part in _parts(word, compounds)] if compounds else words


def _parts(word: str, compounds: re.Pattern[str]) -> list[str]:
    first = compounds.match(word)
    return [first.group(), word[first.end() :]] if first else [word]


def _read(code: str, file: Path) -> Language:
    content = json.loads(file.read_text("utf-8"))
    fillers = frozenset(stem(word, code) for word in content["fillers"])
    phrases = {}
    for phrase, meaning in content["phrases"].items():
        stems = (stem(word, code) for word in _parted(plain_words(phrase), code))
        phrases[tuple(one for one in stems if one not in fillers)] = meaning
    return Language(code, phrases, fillers, frozenset(stems[0] for stems in phrases))
