"""The commonest passwords, which are tried first by whoever guesses."""

import importlib.util
from pathlib import Path
from typing import Any

from schemas.fields import Password
from schemas.passwords import normalised

MOST_COMMON = 10_000

_PACKAGE, _FILE = "zxcvbn", "frequency_lists.py"

EXAMPLE_PASSWORDS = {"password123"}
"""Those of the source specification's examples, which a development run takes as it takes their
secret; no other run does."""


def read_common_passwords() -> frozenset[str]:
    """Return the commonest passwords that are long enough to be chosen, in lower case.

    They are those of zxcvbn, which has ranked them by how often they were found in leaks. Its file
    is read and the package not imported: that makes tables of names and words of English besides,
    and keeps them all.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{_PACKAGE} is not installed")
    values: dict[str, Any] = {}
    source = Path(spec.submodule_search_locations[0], _FILE).read_text("utf-8")
    exec(compile(source, _FILE, "exec"), values)
    commonest = values["FREQUENCY_LISTS"]["passwords"][:MOST_COMMON]
    return frozenset(
        word for word in map(as_compared, commonest) if len(word) >= Password.LEAST_CHARACTERS
    )


def as_compared(password: str) -> str:
    """Return a password as it is looked up: capitals and the width of letters make no other."""
    return normalised(password).lower()
