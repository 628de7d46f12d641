"""The rules of imports: what may be said of a file, and how it is to be applied."""

from marshmallow import INCLUDE

from schemas.exports import HEVY, STRONG
from schemas.fields import IntegerParameter, OneOf, Text, TimeZone, about
from schemas.limits import LARGEST_ID
from schemas.loading import Body, Parameters
from schemas.sets import WEIGHT_UNITS

AUTO, GYM = "auto", "gym"
SOURCES = [AUTO, STRONG, HEVY, GYM]
DISTANCE_UNITS = ["m", "km", "mi"]
LANGUAGES = [
    *("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "sv", "da", "nb", "fi"),
    *("cs", "sk", "hu", "ro", "el", "hr", "sl", "et", "lv", "lt", "bg", "ca", "id", "he", "ar"),
]
"""Those whose names of months are read. One that writes months as numbers needs none."""

STATUSES = [
    *("receiving", "reading", "preview", "applying", "applied", "undoing", "undone", "failed"),
]
TRUE = "true"

LARGEST_PIECE = 256 * 1024
LARGEST_FILE = 20 * 1024 * 1024
MOST_PIECES = LARGEST_FILE // LARGEST_PIECE
MOST_SETS = 100_000
MOST_NAMES = 2000
"""Different names of exercises in a file."""

NEW = "new"
"""In a mapping, in place of an id: the name becomes a private exercise."""


def _weight_unit() -> OneOf:
    text = "The unit of weights, if the file does not name it."
    return OneOf(WEIGHT_UNITS, aliases={"lbs": "lb"}, metadata=about(text))


def _distance_unit() -> OneOf:
    return OneOf(
        DISTANCE_UNITS, metadata=about("The unit of distances, if the file does not name it.")
    )


def _time_zone() -> TimeZone:
    return TimeZone(
        metadata=about("Where the workouts were, by the IANA name; files have no time zone.")
    )


def _choice(first: str, other: str, description: str) -> OneOf:
    return OneOf([first, other], load_default=first, metadata=about(description))


class NewImport(Parameters):
    """What is said of a file when it is sent."""

    source = OneOf(
        SOURCES,
        load_default=AUTO,
        metadata=about("The app that has written it; `gym` is this one, whose exports are JSON."),
    )
    weight_unit = _weight_unit()
    distance_unit = _distance_unit()
    time_zone = _time_zone()
    language = OneOf(
        LANGUAGES,
        metadata=about("Of the names of months, if they are other months in another language."),
    )
    name = Text(max_length=255, metadata=about("What to call it, such as the file's name."))


class Piece(Parameters):
    """Which piece of a file it is."""

    number = IntegerParameter(min_value=0, max_value=LARGEST_ID, required=True)


class WholeFile(Parameters):
    """What a file must have when all of it was sent."""

    pieces = IntegerParameter(min_value=1, max_value=MOST_PIECES, required=True)
    size = IntegerParameter(min_value=1, max_value=LARGEST_ID, required=True)


class ApplyImport(Parameters):
    """How to apply an import."""

    on_changed = _choice("skip", "update", "Workouts that were imported, and are another now.")
    deleted = _choice("skip", "restore", "Workouts that were imported, and deleted since.")
    likely_same = _choice("skip", "add", "Workouts that are likely there, by another app's export.")
    faulty = _choice("refuse", "skip", "Lines with faults: to refuse all, or to leave them out.")
    weight_unit = _weight_unit()
    distance_unit = _distance_unit()
    time_zone = _time_zone()


class ImportMapping(Body):
    """Names of exercises in a file: the id of an exercise for each, or ``"new"``."""

    class Meta:
        """The names are the file's."""

        unknown = INCLUDE


class UndoImport(Parameters):
    """How to undo an import."""

    force = OneOf([TRUE, "false"], metadata=about("`true`: also workouts that were edited since."))
