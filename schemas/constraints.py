"""What is wrong with input: the broken rule, its limit and what was received."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from schemas.limits import LARGEST_ID

EXCERPT_LENGTH = 100
"""So many characters of refused text are repeated in the error."""

FORBIDDEN_CHARACTERS = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL's TEXT can't store (NUL) and UTF-8 can't encode (lone surrogates)."""


class Violation(str):
    """A violated constraint: the message, with the constraint's name and limit in ``details``.

    It is a string because marshmallow's :class:`ValidationError` carries strings.
    """

    details: dict[str, Any]

    def __new__(cls, message: str, **details: object) -> "Violation":
        """Make the message; ``details`` begin with the ``constraint``."""
        text = super().__new__(cls, message)
        text.details = details
        return text


FieldError = tuple[str, Violation]
"""The path of a field, and what is wrong with it."""


def validation_error(message: str, constraint: str, **details: object) -> ValidationError:
    """Make the exception that a field raises for one violated constraint.

    Args:
        message: one sentence for a person.
        constraint: its name in the contract, such as ``max_length``.
        details: its limit, and what was ``received``.
    """
    return ValidationError([Violation(message, constraint=constraint, **details)])


def maybe_invalid() -> ValidationError:
    """Make the exception that sends input from :meth:`Body.load_valid` to the full check."""
    # a new one each time: one that is shared keeps the frames of every raise in its traceback
    return ValidationError("may be invalid")


def excerpt(value: object) -> object:
    """Return refused input as the error may repeat it: short, and safe to encode."""
    if isinstance(value, str):
        clean = FORBIDDEN_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value)
        return truncate(clean)
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, int | Decimal) and not -LARGEST_ID <= value <= LARGEST_ID:
        # beyond 64 bits most JSON readers would round it
        return excerpt(str(value))
    return value


def truncate(text: str) -> str:
    """Return the beginning of a text, with an ellipsis if something was left out."""
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
