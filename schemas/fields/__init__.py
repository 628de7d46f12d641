"""Fields that name the rule which input breaks."""

from schemas.fields.base import RuledField, about
from schemas.fields.choices import AnyOf, OneOf, Sort
from schemas.fields.dates import Day
from schemas.fields.lists import ListOf
from schemas.fields.numbers import (
    Number,
    WholeNumber,
    WholeNumberParameter,
    identifier,
    identifier_parameter,
)
from schemas.fields.text import Email, Password, Text

__all__ = [
    "AnyOf",
    "Day",
    "Email",
    "ListOf",
    "Number",
    "OneOf",
    "Password",
    "RuledField",
    "Sort",
    "Text",
    "WholeNumber",
    "WholeNumberParameter",
    "about",
    "identifier",
    "identifier_parameter",
]
