"""The names of months in the languages of the Unicode CLDR, which Babel carries."""

from collections.abc import Collection, Iterator
from functools import cache

from babel import Locale

from schemas.imports import LANGUAGES
from services.workouts.imports.reading.findings import Finding, Unreadable

ENGLISH = "en"

_FURTHER = {"de": {"mrz": 3, "jän": 1, "jänner": 1}}
"""Names that people and apps write, and the CLDR does not have."""

SHORTEST = 3
"""Letters of a name that are enough, if only one month of the language begins with them."""


def read_months(
    dates: Collection[tuple[str, ...]], given: str | None = None, header: str | None = None
) -> tuple[str, dict[str, int]]:
    """Return a language that has a month in each of some dates, and which months its words are.

    Dates in which no language has a month are left out: a line may be broken.

    Args:
        dates: the words of each, lower case, short or long, without a full stop.
        given: the language that it must be.
        header: that of the header, which it is where it may be several.

    Raises:
        Unreadable: no language has a month in all, or they are other months in another language.
    """
    known = [words for words in dates if any(_months(each, words) for each in LANGUAGES)]
    found: dict[str, dict[str, int]] = {}
    for language in [given] if given else LANGUAGES:
        of_dates = [_months(language, words) for words in known]
        if known and all(len(each) == 1 for each in of_dates):
            found[language] = {name: month for each in of_dates for name, month in each.items()}
            if language == ENGLISH:
                # most files are; only its "mar" is another month elsewhere, Finnish November
                break
    if not found:
        raise Unreadable(Finding(0, "start", _unknown(dates, given), "date"))
    language, months = next(iter(found.items()))
    if any(other != months for other in found.values()):
        if header not in found:
            raise Unreadable(Finding(0, "language", _several(found), "required"))
        language, months = header, found[header]
    return language, months


def _unknown(dates: Collection[tuple[str, ...]], given: str | None) -> str:
    shown = ", ".join(sorted({word for words in dates for word in words})[:12])
    if given:
        return f"These are no months of the language {given}: {shown}"
    return f"These months are of no language that is known: {shown}"


def _several(languages: Collection[str]) -> str:
    shown = ", ".join(sorted(languages))
    return (
        f"The months' names mean different months in these languages: {shown}; "
        "give one of them as language"
    )


def _months(language: str, words: tuple[str, ...]) -> dict[str, int]:
    return {word: month for word in words if (month := _month(language, word))}


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
    return dict(_each_name(language)) | _FURTHER.get(language, {})


def _each_name(language: str) -> Iterator[tuple[str, int]]:
    locale = Locale.parse(language)
    for context in ("format", "stand-alone"):
        for width in ("abbreviated", "wide"):
            for month, name in locale.months[context][width].items():
                # of "de gener" only the month, of "janv." only the letters
                yield name.casefold().split()[-1].rstrip(".׳’"), month
