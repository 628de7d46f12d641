"""When two names of private exercises are the same name."""

import unicodedata

from services.exercises.rules.words import WHOLE_LETTERS

LONGEST = 600
"""Characters that are compared. An index row of PostgreSQL has room for them, whatever they are."""


def unique_name(name: str) -> str:
    """Return a name without case, accents, spaces and what is not seen: a user has each only once.

    ``search.key`` makes more of a name the same, such as ``DB Curls`` and ``Dumbbell Curl``, which
    is right for finding and too strict for refusing.
    """
    letters = unicodedata.normalize("NFD", name.casefold().translate(WHOLE_LETTERS))
    kept = (letter for letter in letters if not _is_left_out(letter))
    return "".join("".join(kept).casefold().split())[:LONGEST]


def _is_left_out(letter: str) -> bool:
    # Cf: zero-width spaces and joiners, soft hyphens, marks of direction
    return unicodedata.combining(letter) != 0 or unicodedata.category(letter) == "Cf"
