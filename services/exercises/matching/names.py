"""A name of an exercise, taken apart into its words and its equipment."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from services.exercises.rules.words import singular, split

ASSISTED = "assisted"
WEIGHTED = "weighted"

_SPELLINGS = {
    **dict.fromkeys(("dumbel", "dumbell", "dumbbel", "dumpbell", "dumbbbell"), "dumbbell"),
    **dict.fromkeys(("barbel", "barball"), "barbell"),
    "assist": ASSISTED,
    "banded": "band",
    "closed": "close",
    "deltoid": "delt",
    "extention": "extension",
    "laying": "lying",
    "palloff": "pallof",
    "paloff": "pallof",
    "raised": "raise",
    "reversed": "reverse",
    "weight": WEIGHTED,
}
"""What lifters write for a word, beyond what :func:`singular` knows."""

_TWO_WORDS = {
    f"{first}up": (first, "up") for first in ("chin", "get", "muscle", "press", "pull", "push")
} | {"situp": ("sit", "up"), "stepup": ("step", "up"), "deadhang": ("dead", "hang")}

_PHRASES = (
    (("smith", "machine"), "smith machine"),
    (("smith",), "smith machine"),
    (("plate", "loaded", "machine"), "machine"),
    (("machine", "plate"), "machine"),
    (("plate", "loaded"), "machine"),
    (("leverage", "machine"), "machine"),
    (("lever",), "machine"),
    (("ez", "barbell"), "ez bar"),
    (("ez", "bar"), "ez bar"),
    (("sz", "bar"), "ez bar"),
    (("ezbar",), "ez bar"),
    (("szbar",), "ez bar"),
    (("ez",), "ez bar"),
    (("trap", "bar"), "trap bar"),
    (("hex", "bar"), "trap bar"),
    (("hexagonal", "bar"), "trap bar"),
    (("medicine", "ball"), "medicine ball"),
    (("med", "ball"), "medicine ball"),
    (("swiss", "ball"), "swiss ball"),
    (("stability", "ball"), "swiss ball"),
    (("exercise", "ball"), "swiss ball"),
    (("gym", "ball"), "swiss ball"),
    (("fitball",), "swiss ball"),
    (("resistance", "band"), "band"),
    (("body", "weighted"), "bodyweight"),
    (("suspension",), "suspension"),
    (("trx",), "suspension"),
    *(
        ((piece,), piece)
        for piece in ("band", "barbell", "bodyweight", "cable", "dumbbell", "kettlebell")
    ),
    (("machine",), "machine"),
    (("plate",), "plate"),
)
"""Words for equipment, the longest first."""

_BY_FIRST = {
    first: [(phrase, piece) for phrase, piece in _PHRASES if phrase[0] == first]
    for first in {phrase[0] for phrase, _ in _PHRASES}
}

MOST_JOINED = 4
"""Words of which one name may have others than another, and still the same: joined otherwise."""

_ALSO = {"ez bar": "barbell"}
"""Equipment that other apps file under another one."""


class Name(NamedTuple):
    """A name, taken apart.

    Attributes:
        whole: all words as one, for names that are equal letter by letter.
        words: those that are no equipment.
        bag: the letters of these in order, by which names of the same words are looked up.
        equipment: the pieces that it names.
    """

    whole: str
    words: frozenset[str]
    bag: str
    equipment: frozenset[str]


@lru_cache(maxsize=8192)
def read_name(text: str) -> Name:
    """Take a name apart."""
    words = tokens(text)
    rest, pieces = _without_equipment(words)
    kept = frozenset(rest)
    return Name("".join(words), kept, "".join(sorted("".join(kept))), frozenset(pieces))


def tokens(text: str) -> list[str]:
    """Return the words of a name, each in the spelling that stands for all of them."""
    found: list[str] = []
    for word in map(singular, split(text)):
        spelt = _SPELLINGS.get(word, word)
        found.extend(_TWO_WORDS.get(spelt, (spelt,)))
    return found


def have_same_words(name: Name, other: Name) -> bool:
    """Return whether two names with the same bag have the same words, however they join them."""
    left, right = name.words - other.words, other.words - name.words
    if not left:
        return not right
    if max(len(left), len(right)) > MOST_JOINED:
        return False
    joined = {"".join(order) for order in permutations(left)}
    return any("".join(order) in joined for order in permutations(right))


def includes(pieces: Iterable[str], piece: str) -> bool:
    """Return whether a piece of equipment is among others, or goes by the name of one of them."""
    owned = {*pieces}
    return piece in owned or piece in {_ALSO.get(other) for other in owned}


def _without_equipment(words: list[str]) -> tuple[list[str], list[str]]:
    rest, pieces = [], []
    place = 0
    while place < len(words):
        for phrase, piece in _BY_FIRST.get(words[place], ()):
            if tuple(words[place : place + len(phrase)]) == phrase:
                pieces.append(piece)
                place += len(phrase)
                break
        else:
            rest.append(words[place])
            place += 1
    return rest, pieces
