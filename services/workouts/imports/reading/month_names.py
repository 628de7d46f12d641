"""The names of months in the languages of the Unicode CLDR, which Babel carries."""

from collections.abc import Collection, Iterator
from functools import cache

from babel import Locale

from services.workouts.imports.reading.findings import Finding, Unreadable

ENGLISH = "en"

LANGUAGES = (
    *(ENGLISH, "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "sv", "da", "nb", "fi"),
    *("cs", "sk", "hu", "ro", "el", "hr", "sl", "et", "lv", "lt", "bg", "ca", "id", "he", "ar"),
)
"""Those that are tried; a language that writes months as numbers needs no names."""

SHORTEST = 3
"""Letters of a name that are enough, if only one month of the language begins with them."""


def read_months(names: Collection[str]) -> tuple[str, dict[str, int]]:
    """Return a language that has all of some names, and which months they are.

    Names that no language has are left out: a line may be broken.

    Args:
        names: as a file has them, lower case, short or long, without a full stop.

    Raises:
        Unreadable: no language has all of them, or they are other months in another language.
    """
    known = [name for name in names if any(_month(language, name) for language in LANGUAGES)]
    found: dict[str, dict[str, int]] = {}
    for language in LANGUAGES:
        months = {name: month for name in known if (month := _month(language, name))}
        if known and len(months) == len(known):
            found[language] = months
            if language == ENGLISH:
                # none of its names is of another month elsewhere, and most files are English
                break
    if not found:
        shown = ", ".join(sorted(names)[:12])
        raise Unreadable(
            Finding(0, "start", f"These months are of no language that is known: {shown}", "date")
        )
    language, months = next(iter(found.items()))
    if any(other != months for other in found.values()):
        shown = ", ".join(sorted(found))
        message = f"The months' names mean different months in these languages: {shown}"
        raise Unreadable(Finding(0, "start", message, "date"))
    return language, months


def _month(language: str, name: str) -> int | None:
    """Return the month that a name, or the beginning of one, means in a language."""
    known = _names(language)
    if name in known:
        return known[name]
    if len(name) < SHORTEST:
        return None
    months = {month for word, month in known.items() if word.startswith(name)}
    return months.pop() if len(months) == 1 else None


@cache
def _names(language: str) -> dict[str, int]:
    return dict(_each_name(language))


def _each_name(language: str) -> Iterator[tuple[str, int]]:
    locale = Locale.parse(language)
    for context in ("format", "stand-alone"):
        for width in ("abbreviated", "wide"):
            for month, name in locale.months[context][width].items():
                # of "de gener" only the month, of "janv." only the letters
                yield name.casefold().split()[-1].rstrip(".׳’"), month
