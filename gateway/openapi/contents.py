"""What a route's response has in ``data``: the ``shows`` of its ``@route``."""

from dataclasses import dataclass
from enum import Enum

from marshmallow import Schema


class Amount(Enum):
    """How many items there are."""

    ONE = "exactly one"
    LIST = "a whole collection, which may be empty"
    PAGE = "a page of a collection, with meta.page and the Link header"


@dataclass(frozen=True)
class Contents:
    """The items of a response, and how many there are.

    Args:
        schemas: of :mod:`schemas.responses`; each item is as one of them says.
        amount: how many items there are.
    """

    schemas: tuple[type[Schema], ...]
    amount: Amount = Amount.ONE


@dataclass(frozen=True)
class Streamed:
    """A response without an envelope, which is made while it is sent.

    Args:
        media_types: what it may be, such as ``text/csv``.
        about: what it holds, for the documentation.
    """

    media_types: tuple[str, ...]
    about: str
    schemas: tuple[type[Schema], ...] = ()
    """Of the one item that is shown with a 202 instead, as long as the file is being made."""


def stream_of(*media_types: str, about: str, until: type[Schema] | None = None) -> Streamed:
    """Return the contents of a response that a route streams.

    Args:
        media_types: what it may be.
        about: what it holds.
        until: the schema of what is shown until it can be; None if it always can.
    """
    return Streamed(media_types, about, () if until is None else (until,))


def one_of(*schemas: type[Schema]) -> Contents:
    """Return the contents of a response with one item, as one of these schemas says."""
    return Contents(schemas)


def list_of(schema: type[Schema]) -> Contents:
    """Return the contents of a response with all items of a collection."""
    return Contents((schema,), Amount.LIST)


def page_of(schema: type[Schema]) -> Contents:
    """Return the contents of a response with one page of a collection."""
    return Contents((schema,), Amount.PAGE)
