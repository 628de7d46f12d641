"""The words of names and texts: plain rules, the same for what is indexed and for what is asked.

No accents, no case, no punctuation, and few letters of difference between what different lifters
write (``DB``, ``1-arm``, ``flyes``).
"""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]{1,100}")
_APOSTROPHES = re.compile("['`´\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}]")
WHOLE_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a letter and an accent."""

_RAISED_LETTERS = str.maketrans("ºª", "  ")
"""Letters to Unicode, degree signs and ordinals in names (``45º``)."""

FILLERS = {"a", "an", "and", "at", "by", "for", "from", "how", "in", "of", "on", "or", "the", "to"}
FILLERS |= {"with", "com", "da", "de", "do", "em", "na", "no"}
"""English ones, and Portuguese ones that are no English words."""

_SAME = {
    "1": "one",
    "single": "one",
    "armed": "arm",
    "bb": "barbell",
    "bi": "bicep",
    "bw": "bodyweight",
    "db": "dumbbell",
    "dl": "deadlift",
    "flye": "fly",
    "ham": "hamstring",
    "kb": "kettlebell",
    "legged": "leg",
    "oh": "overhead",
    "pd": "pulldown",
    "quad": "quadricep",
    "tri": "tricep",
    "calve": "calf",
}
_ES_PLURAL = ("sses", "shes", "ches", "xes", "zes")
_NO_PLURAL = ("ss", "us", "is")


def plain_words(text: str) -> list[str]:
    """Split a text into words of lower-case letters and digits, without accents."""
    bare = _APOSTROPHES.sub("", text.translate(_RAISED_LETTERS).casefold())
    letters = unicodedata.normalize("NFKD", bare.translate(WHOLE_LETTERS))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _WORD.findall(plain.casefold())


def split(text: str) -> list[str]:
    """Split a text into the words that search looks at: all but fillers."""
    words = plain_words(text)
    return [word for word in words if word not in FILLERS] or words


def singular(word: str) -> str:
    """Return the word that stands for all spellings of its kind: no plural, no abbreviation."""
    if len(word) > 3 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(_ES_PLURAL):
        word = word[:-2]
    elif len(word) > 2 and word.endswith("s") and not word.endswith(_NO_PLURAL):
        word = word[:-1]
    return _SAME.get(word, word)


def key(text: str) -> str:
    """Return a name as one word, the same however it is hyphenated, spaced or accented."""
    return "".join(map(singular, split(text)))


def with_singulars(words: Iterable[str]) -> set[str]:
    """Return words, and the word that stands for each."""
    return {form for word in words for form in (word, singular(word))}


def is_one_slip(first: str, second: str) -> bool:
    """Return whether two words are equal but for one wrong, missing, extra or swapped letter."""
    if len(first) > len(second):
        first, second = second, first
    start = next(
        (place for place, letter in enumerate(first) if letter != second[place]), len(first)
    )
    rest, other = first[start:], second[start:]
    if len(first) < len(second):
        return rest == other[1:]
    return rest[1:] == other[1:] or (rest[1::-1] + rest[2:] == other and len(rest) > 1)
