"""Paging, feeds and ids, as every service takes them."""

from typing import TypeGuard

from schemas.constraints import excerpt
from schemas.errors import InvalidParameter, fault
from schemas.fields import IntegerParameter, about, identifier_parameter
from schemas.limits import LARGEST_ID
from schemas.loading import Parameters, load

LARGEST_PAGE = 10**9
"""Beyond any collection, and small enough that page times limit stays a BIGINT."""

MOST_AT_ONCE = 1000
"""So many ids may be in one call."""


class Page(Parameters):
    """``page`` and ``limit``."""

    page = IntegerParameter(
        min_value=1,
        max_value=LARGEST_PAGE,
        load_default=1,
        metadata=about("Which page; one past the end is empty."),
    )
    limit = IntegerParameter(
        min_value=1, max_value=100, load_default=10, metadata=about("How many items a page has.")
    )


class ById(Parameters):
    """The id in a path."""

    id = identifier_parameter(required=True)


class Feed(Parameters):
    """Where to read a feed of changes."""

    after = IntegerParameter(min_value=0, max_value=LARGEST_ID, load_default=0)
    limit = IntegerParameter(min_value=1, max_value=1000, load_default=100)


class OfUser(Parameters):
    """Whose thing it is; for a call by hand, as the gateway takes it from the token."""

    user_id = identifier_parameter(required=True)


_BY_ID = ById()
_OF_USER = OfUser()


def is_id(value: object) -> TypeGuard[int]:
    """Tell whether this can be the id of something: a BIGINT from 1."""
    return type(value) is int and 1 <= value <= LARGEST_ID


def checked_id(value: object) -> int:
    """Return an id that names one thing.

    Raises:
        InvalidParameter: it is no id.
    """
    return _checked(_BY_ID, "id", value)


def checked_user(value: object) -> int:
    """Return the id of a user.

    Raises:
        InvalidParameter: it is no id.
    """
    return _checked(_OF_USER, "user_id", value)


def checked_ids(name: str, values: object, length: int | None = None) -> list[int]:
    """Return a list of ids, which has :data:`MOST_AT_ONCE` at most.

    Args:
        name: what the caller calls the list.
        values: the list.
        length: how many ids it must have, if not any number.

    Raises:
        InvalidParameter: it is no list of ids, or has too many, or not as many as it must.
    """
    if not isinstance(values, list | tuple):
        message = f"{name} must be a list of ids"
        raise InvalidParameter.of(
            fault(name, message, "type", expected="array", received=excerpt(values))
        )
    if len(values) > MOST_AT_ONCE:
        message = f"{name} must have at most {MOST_AT_ONCE} items"
        raise InvalidParameter.of(
            fault(name, message, "max_items", max_items=MOST_AT_ONCE, received=len(values))
        )
    if length is not None and len(values) != length:
        message = f"{name} must have {length} items"
        raise InvalidParameter.of(
            fault(name, message, "length", length=length, received=len(values))
        )
    return [checked_id(value) for value in values]


def _checked(schema: Parameters, name: str, value: object) -> int:
    # nearly every id is valid: the schema, which is slower, is only for the error
    if type(value) is int and 1 <= value <= LARGEST_ID:
        return value
    checked: int = load(schema, {name: value})[name]
    return checked
