"""The names that Strong and Hevy give to exercises, where no rule leads to what they mean.

The data is ``app_names.json`` beside this file, written by hand: names of an exercise of the
catalogue by its slug (``same``), names that fit several (``several``), and names of exercises that
the catalogue does not have, though it has some that are called nearly so (``others``). They go
before names and aliases of the catalogue, which are for finding: there the likeliest is good
enough.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from services.exercises.matching.names import Name, have_same_words, read_name

FILE = Path(__file__).with_name("app_names.json")


class AppName(NamedTuple):
    """A name of an app.

    Attributes:
        name: the name.
        slugs: of the exercise that it means, or of those that it may mean; empty if the catalogue
            has none.
        is_vague: whether it may mean others, too.
    """

    name: Name
    slugs: tuple[str, ...]
    is_vague: bool = False


def find(asked: Name) -> AppName | None:
    """Return the name of an app that has the same words and equipment as a name."""
    for known in by_key().get(_key(asked), ()):
        if have_same_words(asked, known.name):
            return known
    return None


@cache
def by_key() -> dict[tuple[str, frozenset[str]], list[AppName]]:
    """Return all names, by their letters and equipment."""
    content = json.loads(FILE.read_text("utf-8"))
    names = [
        AppName(read_name(name), (slug,)) for slug, same in content["same"].items() for name in same
    ]
    for name, slugs in content["several"].items():
        names.append(AppName(read_name(name), tuple(slugs), is_vague=True))
    names += [AppName(read_name(name), ()) for name in content["others"]]
    found: dict[tuple[str, frozenset[str]], list[AppName]] = {}
    for name in names:
        found.setdefault(_key(name.name), []).append(name)
    return found


def _key(name: Name) -> tuple[str, frozenset[str]]:
    return name.bag, name.equipment
