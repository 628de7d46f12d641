"""What a set is, by the words and letters of apps."""

REST = "rest"
"""No set: its seconds are the rest after the set before it."""

NOTE = "note"
"""No set: its note is about the exercise."""

_WORDS = {
    "normal": ("", "normal"),
    "warmup": ("w", "warmup"),
    "drop": ("d", "drop", "dropset"),
    "failure": ("f", "failure", "tofailure"),
    REST: ("resttimer", "ruhezeit"),
    NOTE: ("note",),
}

SET_TYPES = {word: kind for kind, words in _WORDS.items() for word in words}
"""By what :func:`plain` makes of ``set_type`` (Hevy) or, if it is no number, ``Set Order``
(Strong)."""

_BETWEEN_WORDS = str.maketrans("", "", " -_")


def plain(word: str) -> str:
    """Return a word for a kind of set as it is known: ``WARM_UP`` and ``Warm-up`` are one.

    One of nothing but a dash stays, as an empty one is a normal set.
    """
    return word.casefold().translate(_BETWEEN_WORDS) or word
