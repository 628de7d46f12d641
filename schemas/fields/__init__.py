"""The fields of input. What they refuse they refuse with the name of the violated constraint."""

from schemas.fields.base import BaseField, about
from schemas.fields.choices import AnyOf, OneOf, Sort
from schemas.fields.dates import Day, Week
from schemas.fields.flags import Flag
from schemas.fields.identifiers import Identifiers, Uuid
from schemas.fields.lists import ListOf
from schemas.fields.locales import Locale
from schemas.fields.numbers import (
    Integer,
    IntegerParameter,
    Number,
    NumberParameter,
    identifier,
    identifier_parameter,
)
from schemas.fields.text import Email, Password, Text
from schemas.fields.times import Moment, TimeZone
from schemas.fields.words import SomeOf, Word, Words

__all__ = [
    "AnyOf",
    "BaseField",
    "Day",
    "Email",
    "Flag",
    "Identifiers",
    "Integer",
    "IntegerParameter",
    "ListOf",
    "Locale",
    "Moment",
    "Number",
    "NumberParameter",
    "OneOf",
    "Password",
    "SomeOf",
    "Sort",
    "Text",
    "TimeZone",
    "Uuid",
    "Week",
    "Word",
    "Words",
    "about",
    "identifier",
    "identifier_parameter",
]
