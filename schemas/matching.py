"""The rules of names that are to be matched with exercises."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from marshmallow import ValidationError

from schemas.constraints import FieldError, excerpt
from schemas.errors import MOST_FAULTS, InvalidParameter, fault
from schemas.fields import OneOf, Text
from schemas.loading import Parameters
from schemas.measures import MEASURES
from schemas.pages import MOST_AT_ONCE


class NameToMatch(Parameters):
    """A name of an exercise in another app, and what its sets hold."""

    name = Text(min_length=1, required=True)
    measure = OneOf(MEASURES, load_default=None)


_NAME = NameToMatch()


def checked_names(values: object) -> list[dict[str, Any]]:
    """Return names as :class:`NameToMatch` loads them; at most :data:`MOST_AT_ONCE`.

    Raises:
        InvalidParameter: they are no list of names, or too many; all faults are listed.
    """
    if not isinstance(values, list | tuple):
        message = "names must be a list of objects"
        raise InvalidParameter.of(
            fault("names", message, "type", expected="array", received=excerpt(values))
        )
    if len(values) > MOST_AT_ONCE:
        message = f"names must have at most {MOST_AT_ONCE} items"
        raise InvalidParameter.of(
            fault("names", message, "max_items", max_items=MOST_AT_ONCE, received=len(values))
        )
    try:
        return [_NAME.load_valid(value) for value in values]
    except ValidationError:
        errors = _errors_in(values)
        listed = [fault(path, str(one), **one.details) for path, one in islice(errors, MOST_FAULTS)]
        left_out = sum(1 for _ in errors)
        raise InvalidParameter.of(*listed, left_out=left_out) from None


def _errors_in(values: list[object] | tuple[object, ...]) -> Iterator[FieldError]:
    for place, value in enumerate(values):
        yield from _NAME.errors_in(value, f"names[{place}]")
