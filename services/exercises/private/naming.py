"""When two names of private exercises are the same name."""

import unicodedata

LONGEST = 600
"""Characters that are compared. An index row of PostgreSQL has room for them, whatever they are."""

_WHOLE_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a letter and an accent."""


def unique_name(name: str) -> str:
    """Return a name without case, accents and spaces: a user has each only once.

    ``search.key`` makes more of a name the same, such as ``DB Curls`` and ``Dumbbell Curl``, which
    is right for finding and too strict for refusing.
    """
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_WHOLE_LETTERS))
    kept = (letter for letter in letters if not unicodedata.combining(letter))
    return "".join("".join(kept).casefold().split())[:LONGEST]
