"""Titles without equipment: "Bench Press (Barbell)" is the exercise "Barbell Bench Press".

A title is a name or an alias. Other programs write the equipment in brackets, and lifters leave it
out, so that two titles name the same exercise if their words are the same but for words of its own
equipment. Their order, and which of them are joined, does not count.
"""

from collections.abc import Iterable
from itertools import combinations

from services.exercises.rules.words import singular, split, with_singulars

_KINDS = {"band", "barbell", "bodyweight", "cable", "dumbbell", "ez bar", "kettlebell", "machine"}
_KINDS |= {"plate", "smith machine", "trap bar"}
"""Pieces of equipment that tell kinds of one exercise apart. Others, such as a sled, make it what
it is, or hold the body."""

_FINDING = _KINDS | {"ab wheel", "foam roller", "medicine ball", "sled", "swiss ball"}

_ALSO_CALLED = {"ez bar": "barbell", "trap bar": "hex bar"}

FOREIGN = {
    **dict.fromkeys(("barra", "barre", "langhantel"), "barbell"),
    **dict.fromkeys(("halter", "haltere", "kurzhantel", "mancuerna"), "dumbbell"),
    **dict.fromkeys(("cabo", "kabel", "kabelzug", "polia", "polea", "poulie"), "cable"),
    **dict.fromkeys(("maquina", "maschine"), "machine"),
    "elastico": "band",
}
"""Words of other languages for equipment. They have other meanings, too (``barra fixa``): a query
means either, and a title the equipment only if it is the exercise's own."""

_MOST_LEFT_OUT = 4
"""Further equipment in a query is not left out."""


def equipment_words(pieces: Iterable[str]) -> frozenset[str]:
    """Return the words by which an exercise is found because of its equipment."""
    return _words(piece for piece in pieces if piece in _FINDING)


def title_keys(titles: Iterable[str], pieces: Iterable[str]) -> list[str]:
    """Return the keys of an exercise's titles without its own equipment, the name's first."""
    own = _words(piece for piece in pieces if piece in _KINDS)
    own |= {word for word, meant in FOREIGN.items() if meant in own}
    words = [frozenset(map(singular, split(title))) for title in titles]
    return list(dict.fromkeys(_key(title - own or title) for title in words))


def query_keys(words: Iterable[str]) -> list[str]:
    """Return the keys of titles that are equal to a query.

    A title is equal only if the exercise has all equipment that the query names.
    """
    asked = frozenset(map(singular, words))
    pieces = sorted(asked & _EQUIPMENT)[:_MOST_LEFT_OUT]
    chosen = (left for count in range(len(pieces) + 1) for left in combinations(pieces, count))
    return sorted({_key(asked.difference(left)) for left in chosen} - {""})


def _key(words: Iterable[str]) -> str:
    # letters in order, because "pullup assisted" and "assisted pull up" have no words in common
    return "".join(sorted("".join(words)))


def _words(pieces: Iterable[str]) -> frozenset[str]:
    named = [name for piece in pieces for name in (piece, _ALSO_CALLED.get(piece, ""))]
    return frozenset(with_singulars(word for name in named for word in split(name)))


_EQUIPMENT = _words(_KINDS) | FOREIGN.keys()
