"""What is wrong with input: the broken rule, its limit and what was received."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from schemas.limits import LARGEST_ID

EXCERPT_LENGTH = 100
"""Of text that was refused, this many characters are shown again."""

FORBIDDEN_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


class Violation(str):
    """A message with the broken rule's details beside it."""

    details: dict[str, Any]

    def __new__(cls, message: str, **details: object) -> "Violation":
        """Make the message; ``details`` begin with the ``constraint``."""
        text = super().__new__(cls, message)
        text.details = details
        return text


FieldError = tuple[str, Violation]
"""The path of a field, and what is wrong with it."""


def validation_error(message: str, constraint: str, **details: object) -> ValidationError:
    """Make the exception that a field raises for one broken rule."""
    return ValidationError([Violation(message, constraint=constraint, **details)])


def maybe_invalid() -> ValidationError:
    """Make a new one each time: a shared exception gathers the frames of every raise."""
    return ValidationError("something is unusual")


def excerpt(value: object) -> object:
    """Return refused input as it may be shown again: short, and safe to encode."""
    if isinstance(value, str):
        clean = FORBIDDEN_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value)
        return truncate(clean)
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, int | Decimal) and not -LARGEST_ID <= value <= LARGEST_ID:
        return excerpt(str(value))
    return value


def truncate(text: str) -> str:
    """Return the beginning of a text, with an ellipsis if something was left out."""
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
