"""What is wrong with input: the broken rule, its limit and what was received."""

import re
from decimal import Decimal

from marshmallow import ValidationError

from schemas.limits import LARGEST_ID

SHOWN_LENGTH = 100
"""Of text that was refused, this many characters are shown again."""

UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class FaultMessage(str):
    """A message with the broken rule's details beside it."""

    details: dict

    def __new__(cls, message: str, **details: object) -> "FaultMessage":
        """Make the message; ``details`` begin with the ``constraint``."""
        text = super().__new__(cls, message)
        text.details = details
        return text


Fault = tuple[str, FaultMessage]
"""The path of a field, and what is wrong with it."""


def refuse(message: str, constraint: str, **details: object) -> ValidationError:
    """Make the exception that a field raises for one broken rule."""
    return ValidationError([FaultMessage(message, constraint=constraint, **details)])


def not_quickly() -> ValidationError:
    """Make a new one each time: a shared exception gathers the frames of every raise."""
    return ValidationError("something is unusual")


def shown(value: object) -> object:
    """Return refused input as it may be shown again: short, and safe to encode."""
    if isinstance(value, str):
        clean = UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        return shortened(clean)
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, int | Decimal) and not -LARGEST_ID <= value <= LARGEST_ID:
        return shown(str(value))
    return value


def shortened(text: str) -> str:
    """Return the beginning of a text, with an ellipsis if something was left out."""
    return text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…"
