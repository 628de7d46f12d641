"""The rules of body measurements: their kinds, units and bounds, and what bodies may hold."""

from collections.abc import Mapping
from decimal import Decimal
from math import ceil, floor
from typing import Any, NamedTuple

from schemas.constraints import Violation, excerpt
from schemas.fields import AnyOf, Day, Integer, Moment, Number, OneOf, Text, about
from schemas.fields.numbers import exact_decimal
from schemas.limits import LARGEST_INT32
from schemas.loading import Body, Parameters
from schemas.pages import Page
from schemas.units import KILOGRAMS_IN
from schemas.workouts import EARLIEST_DAY

MOST_MEASUREMENTS = 100_000
"""Of a user: all kinds once a day for fifteen years."""

LONGEST_EXTERNAL_ID = 128
DECIMALS = 2
HOURS_AHEAD = 24
"""How far in the future a measurement may be, as clocks are wrong."""


class Kind(NamedTuple):
    """What is measured: the bounds of its values in the first of its units.

    ``units`` says how many of the first one each is.
    """

    least: int
    most: int
    units: Mapping[str, Decimal]


_WEIGHTS = KILOGRAMS_IN
_PERCENT = {"%": Decimal(1)}
_LENGTHS = {"cm": Decimal(1), "in": Decimal("2.54")}

KINDS = {
    "weight": Kind(10, 700, _WEIGHTS),
    "lean_mass": Kind(5, 300, _WEIGHTS),
    "fat": Kind(1, 80, _PERCENT),
    "neck": Kind(15, 100, _LENGTHS),
    "shoulders": Kind(50, 250, _LENGTHS),
    "chest": Kind(40, 250, _LENGTHS),
    "abdomen": Kind(30, 300, _LENGTHS),
    "waist": Kind(30, 300, _LENGTHS),
    "hips": Kind(40, 300, _LENGTHS),
    "left_upper_arm": Kind(10, 100, _LENGTHS),
    "right_upper_arm": Kind(10, 100, _LENGTHS),
    "left_forearm": Kind(10, 80, _LENGTHS),
    "right_forearm": Kind(10, 80, _LENGTHS),
    "left_thigh": Kind(20, 150, _LENGTHS),
    "right_thigh": Kind(20, 150, _LENGTHS),
    "left_calf": Kind(10, 100, _LENGTHS),
    "right_calf": Kind(10, 100, _LENGTHS),
}
KIND_NAMES = [*KINDS]
UNITS = [*_WEIGHTS, *_PERCENT, *_LENGTHS]
ALIASES = {"lbs": "lb"}


def bounds(kind: str, unit: str) -> tuple[int, int]:
    """Return the least and the greatest value of a kind in one of its units, in whole numbers.

    What is allowed in its first unit is also allowed in the others.
    """
    known = KINDS[kind]
    one = known.units[unit]
    return floor(known.least / one), ceil(known.most / one)


LEAST, MOST = (
    limit(bounds(kind, unit)[place] for kind in KINDS for unit in KINDS[kind].units)
    for place, limit in enumerate((min, max))
)
"""Of all kinds in all units."""


def mismatches(kind: str, unit: str, value: Decimal) -> dict[str, Violation]:
    """Return what of a kind's own rules a measurement violates, by the field to blame."""
    units = [*KINDS[kind].units]
    if unit not in units:
        message = f"Unit of {kind} must be one of: {', '.join(units)}"
        return {"unit": Violation(message, constraint="one_of", allowed=units, received=unit)}
    least, most = bounds(kind, unit)
    received = excerpt(value)
    if value < least:
        message = f"Value of {kind} must be at least {least} {unit}"
        return {"value": Violation(message, constraint="min", min_value=least, received=received)}
    if value > most:
        message = f"Value of {kind} must be at most {most} {unit}"
        return {"value": Violation(message, constraint="max", max_value=most, received=received)}
    return {}


def _kind(**options: Any) -> OneOf:
    return OneOf(KIND_NAMES, metadata=about("What was measured."), **options)


def _value(**options: Any) -> Number:
    text = "In `unit`, as it was read; the bounds are those of the `kind`."
    return Number(
        min_value=LEAST, max_value=MOST, max_decimals=DECIMALS, metadata=about(text), **options
    )


def _unit(**options: Any) -> OneOf:
    text = (
        "`kg` or `lb` of `weight` and `lean_mass`, `%` of `fat`, `cm` or `in` of everything else."
    )
    return OneOf(UNITS, aliases=ALIASES, metadata=about(text), **options)


def _measured_at(**options: Any) -> Moment:
    text = (
        "ISO 8601 with an offset; comes back as it was sent, in whole seconds. At most "
        f"{HOURS_AHEAD} hours ahead."
    )
    return Moment(earliest=EARLIEST_DAY, metadata=about(text), **options)


def _external_id(**options: Any) -> Text:
    text = (
        "That of an app or a scale. Yours are unique for each `kind`: the same one again changes "
        "the measurement."
    )
    return Text(max_length=LONGEST_EXTERNAL_ID, metadata=about(text), **options)


READ_ONLY = frozenset({"id", "created_at", "updated_at"})


class NewMeasurement(Body):
    """Body of a measurement."""

    read_only = READ_ONLY | {"version"}

    kind = _kind(required=True)
    value = _value(required=True)
    unit = _unit(required=True)
    measured_at = _measured_at(required=True)
    external_id = _external_id(load_default=None)

    def schema_level_violations(self, data: dict[str, Any]) -> dict[str, Violation]:
        """Refuse a unit and a value that don't belong to the kind."""
        kind, unit = _word(data.get("kind")), _word(data.get("unit"))
        unit = ALIASES.get(unit, unit)
        value = exact_decimal(data.get("value"))
        if kind not in KINDS or unit not in UNITS or value is None:
            return {}
        return mismatches(kind, unit, value)


class ExternalMeasurement(NewMeasurement):
    """Body of a measurement that has an id of an app or a scale."""

    external_id = _external_id(min_length=1, required=True)


class MeasurementChanges(Body):
    """Body of a change: the fields that are given, and the version they were made for.

    Null clears `external_id`. A version that is null counts as left out.
    """

    null_clears = True
    read_only = READ_ONLY

    kind = _kind(allow_none=False)
    value = _value(allow_none=False)
    unit = _unit(allow_none=False)
    measured_at = _measured_at(allow_none=False)
    external_id = _external_id()
    version = Integer(
        min_value=1,
        max_value=LARGEST_INT32,
        metadata=about("The one that the change was made for; another than the current is a 409."),
    )


class MeasurementList(Page):
    """Query of the list."""

    kind = AnyOf(KIND_NAMES, metadata=about("What was measured."))
    date_from = Day(metadata=about("The first day, itself included; not after `date_to`."))
    date_to = Day(metadata=about("The last day, itself included."))


class ByExternalId(Parameters):
    """Query of measurements to delete."""

    external_id = Text(
        min_length=1,
        max_length=LONGEST_EXTERNAL_ID,
        required=True,
        metadata=about("Theirs; a scale may give one to all kinds that it has measured at once."),
    )


def _word(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
