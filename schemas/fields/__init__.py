"""The fields of input. What they refuse they refuse with the name of the violated constraint."""

from schemas.fields.base import BaseField, about
from schemas.fields.choices import AnyOf, OneOf, Sort
from schemas.fields.dates import Day
from schemas.fields.lists import ListOf
from schemas.fields.numbers import (
    Integer,
    IntegerParameter,
    Number,
    identifier,
    identifier_parameter,
)
from schemas.fields.text import Email, Password, Text

__all__ = [
    "AnyOf",
    "BaseField",
    "Day",
    "Email",
    "Integer",
    "IntegerParameter",
    "ListOf",
    "Number",
    "OneOf",
    "Password",
    "Sort",
    "Text",
    "about",
    "identifier",
    "identifier_parameter",
]
