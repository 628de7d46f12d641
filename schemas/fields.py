"""Fields that name the rule which input breaks, and the two kinds of schema made of them.

marshmallow collects what is wrong; these fields say it in the contract's words: every fault is a
:class:`FaultMessage` with the ``constraint`` and its limit, and :func:`load` turns all of them
into one error with a path for each.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields
from marshmallow.utils import missing

from schemas.errors import MOST_FAULTS, FaultyInput, InvalidParameter, ValidationFailed, fault
from schemas.passwords import MOST_BYTES, normalised

LARGEST_ID = 2**63 - 1
SHOWN_LENGTH = 100
"""Of text that was refused, this many characters are shown again."""

MOST_TAKEN = 1000
"""Numbers whose conversion each field remembers."""

_PLAIN_NUMBERS = (int, float)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(r"-?\d{1,32}", re.ASCII)
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


def about(text: str) -> dict[str, str]:
    """Return the ``metadata`` of a field that the documentation describes with this text."""
    return {"description": text}


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


def shown(value: object) -> object:
    """Return refused input as it may be shown again: short, and safe to encode."""
    if isinstance(value, str):
        clean = _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        return _shortened(clean)
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, int | Decimal) and not -LARGEST_ID <= value <= LARGEST_ID:
        return shown(str(value))
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…"


class RuledField(fields.Field):
    """A field that says which rule was broken."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_none": not options.get("required", False), **options})

    @property
    def label(self) -> str:
        """The field's name as a sentence begins with it."""
        return (self.name or "value").replace("_", " ").capitalize()

    def take(self, value: object) -> Any:
        """Convert a value that is there, as ``deserialize`` does.

        Raises:
            ValidationError: it breaks a rule.
        """
        return self._deserialize(value)

    def faults(self, value: object, path: str) -> Iterator[Fault]:
        """Yield what is wrong with a value that is there; see :meth:`Body.faults`."""
        try:
            self.take(value)
        except ValidationError as problem:
            for message in problem.messages:
                yield path, message

    def cleared(self) -> Any:
        """Return what null makes of the field in a change.

        Raises:
            ValidationError: it can't be empty.
        """
        if not self.allow_none:
            raise ValidationError([self.missing])
        return None

    @property
    def missing(self) -> FaultMessage:
        """What is wrong if the field needs a value and there is none."""
        return FaultMessage(f"{self.label} is required", constraint="required", received=None)

    def _sendable(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse(
                f"{self.label} must be text", "type", expected="string", received=shown(value)
            )
        if _UNSENDABLE.search(value):
            raise refuse(
                f"{self.label} holds characters that are not allowed",
                "characters",
                received=shown(value),
            )
        return value


class Text(RuledField):
    """A string, trimmed. An empty one is null, or missing where it is required, or too short."""

    def __init__(self, *, most: int | None = None, least: int | None = None, **options: Any):
        super().__init__(**options)
        self.most = most
        self.least = least

    def _deserialize(self, value: object, *_: object, **__: object) -> str | None:
        text = self._sendable(value).strip()
        if not text and not self.least:
            if self.required:
                raise refuse(f"{self.label} is required", "required", received=text)
            return None
        self._check_length(text)
        return text

    def _check_length(self, text: str) -> None:
        if self.least is not None and len(text) < self.least:
            raise refuse(
                f"{self.label} must be at least {self.least} characters",
                "min_length",
                required=self.least,
                received=len(text),
            )
        if self.most is not None and len(text) > self.most:
            raise refuse(
                f"{self.label} must be at most {self.most} characters",
                "max_length",
                max_length=self.most,
                received=len(text),
            )


class Email(Text):
    """An e-mail address, trimmed and in lower case."""

    LONGEST = 254

    def __init__(self, **options: Any):
        super().__init__(most=self.LONGEST, **options)

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = super()._deserialize(value)
        try:
            parsed = validate_email(text, check_deliverability=False)
        except EmailNotValidError as problem:
            raise refuse("Invalid email format", "email", received=shown(value)) from problem
        return parsed.normalized.lower()


class Password(RuledField):
    """A password: never trimmed, never shown, within what bcrypt reads.

    It stays as it was typed; its lengths are those of the form that is hashed.
    """

    LEAST_CHARACTERS = 8
    MOST_BYTES = MOST_BYTES

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise refuse("Password must be text", "type", expected="string")
        if _UNSENDABLE.search(value):
            raise refuse("Password holds characters that are not allowed", "characters")
        hashed = normalised(value)
        if len(hashed) < self.LEAST_CHARACTERS:
            raise refuse(
                f"Password must be at least {self.LEAST_CHARACTERS} characters",
                "min_length",
                required=self.LEAST_CHARACTERS,
                received=len(hashed),
            )
        size = len(hashed.encode())
        if size > self.MOST_BYTES:
            raise refuse(
                f"Password must be at most {self.MOST_BYTES} bytes",
                "max_length",
                max_length=self.MOST_BYTES,
                received=size,
            )
        return value


class Number(RuledField):
    """A decimal number between limits."""

    def __init__(
        self,
        *,
        least: int | None = None,
        most: int | None = None,
        decimals: int | None = None,
        step: str | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.least = least
        self.most = most
        self.decimals = decimals
        self.step = step
        self._taken: dict[tuple[type, object], Decimal | int] = {}

    def take(self, value: object) -> Decimal | int:
        """Convert a number that is there; the same few are logged again and again.

        Raises:
            ValidationError: it breaks a rule.
        """
        if type(value) not in _PLAIN_NUMBERS:
            return self._deserialize(value)
        key = type(value), value
        taken = self._taken.get(key)
        if taken is None:
            if len(self._taken) >= MOST_TAKEN:
                self._taken.clear()
            taken = self._taken[key] = self._deserialize(value)
        return taken

    def _deserialize(self, value: object, *_: object, **__: object) -> Decimal | int:
        number = self._parse(value)
        self._check_limits(number, value)
        if self.decimals is not None and number != round(number, self.decimals):
            raise refuse(
                f"{self.label} must have at most {self.decimals} decimals",
                "decimals",
                max_decimals=self.decimals,
                received=shown(value),
            )
        if self.step is not None and number % Decimal(self.step):
            raise refuse(
                f"{self.label} must be a multiple of {self.step}",
                "step",
                step=float(self.step),
                received=shown(value),
            )
        return number + 0 if number else Decimal(0)

    def _parse(self, value: object) -> Decimal:
        number = exact(value)
        if number is None:
            raise refuse(
                f"{self.label} must be a number", "type", expected="number", received=shown(value)
            )
        return number

    def _check_limits(self, number: Decimal, value: object) -> None:
        if self.least is not None and number < self.least:
            message = f"{self.label} must be at least {self.least}"
            raise refuse(message, "min", min_value=self.least, received=shown(value))
        if self.most is not None and number > self.most:
            message = f"{self.label} must be at most {self.most}"
            raise refuse(message, "max", max_value=self.most, received=shown(value))


class WholeNumber(Number):
    """A whole number between limits; ``75.0`` is one."""

    def _deserialize(self, value: object, *_: object, **__: object) -> int:
        return int(super()._deserialize(value))

    def _parse(self, value: object) -> Decimal:
        number = exact(value)
        if number is None or number != number.to_integral_value():
            raise refuse(
                f"{self.label} must be a whole number",
                "type",
                expected="integer",
                received=shown(value),
            )
        return number


class WholeNumberParameter(WholeNumber):
    """A whole number as a path or a query spells it: digits only."""

    def _parse(self, value: object) -> Decimal:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return Decimal(value)
        return super()._parse(value)


def exact(value: object) -> Decimal | None:
    """Return a JSON number as an exact decimal, or None if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def identifier(**options: Any) -> WholeNumber:
    """Make the field of an id in a body."""
    return WholeNumber(least=1, most=LARGEST_ID, **options)


def identifier_parameter(**options: Any) -> WholeNumberParameter:
    """Make the field of an id in a path or a query."""
    return WholeNumberParameter(least=1, most=LARGEST_ID, **options)


class Day(RuledField):
    """A date, ``YYYY-MM-DD``."""

    def __init__(self, *, earliest: date | None = None, **options: Any):
        super().__init__(**options)
        self.earliest = earliest

    def _deserialize(self, value: object, *_: object, **__: object) -> date:
        if not isinstance(value, str):
            raise refuse(
                f"{self.label} must be a date (YYYY-MM-DD)",
                "type",
                expected="string",
                received=shown(value),
            )
        day = self._parse(value.strip())
        if self.earliest is not None and day < self.earliest:
            raise refuse(
                f"{self.label} must not be before {self.earliest}",
                "min",
                min_value=self.earliest.isoformat(),
                received=shown(value),
            )
        return day

    def _parse(self, text: str) -> date:
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        message = f"{self.label} must be a date (YYYY-MM-DD)"
        raise refuse(message, "date", received=shown(text))


class OneOf(RuledField):
    """One of a few words."""

    def __init__(self, allowed: list[str], *, also: dict[str, str] | None = None, **options: Any):
        super().__init__(**options)
        self.allowed = allowed
        self.also = also or {}

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise refuse(
                f"{self.label} must be text", "type", expected="string", received=shown(value)
            )
        word = self.also.get(value.strip(), value.strip())
        if word not in self.allowed:
            raise refuse(
                f"{self.label} must be one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=shown(value),
            )
        return word


class AnyOf(RuledField):
    """Words separated by commas, any of which may match; case does not matter."""

    MOST = 100

    def __init__(self, allowed: list[str] | None = None, **options: Any):
        super().__init__(**options)
        self.allowed = allowed

    def _deserialize(self, value: object, *_: object, **__: object) -> list[str]:
        if isinstance(value, list):
            value = ",".join(map(str, value))
        value = self._sendable(value)
        words = [word.strip().lower() for word in value.split(",")]
        if len(words) > self.MOST:
            message = f"{self.label} must have at most {self.MOST} items"
            raise refuse(message, "max_items", max_items=self.MOST, received=len(words))
        if not all(words):
            message = f"{self.label} has an empty item"
            raise refuse(message, "min_length", required=1, received=0)
        unknown = [word for word in words if self.allowed and word not in self.allowed]
        if unknown:
            raise refuse(
                f"{self.label} must be one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=shown(unknown[0]),
            )
        return list(dict.fromkeys(words))


class Sort(RuledField):
    """``field[:asc|desc][,…]`` over a white list; loads as pairs of field and direction."""

    DIRECTIONS = ["asc", "desc"]

    def __init__(self, allowed: list[str], **options: Any):
        super().__init__(**options)
        self.allowed = allowed

    def _deserialize(self, value: object, *_: object, **__: object) -> list[tuple[str, str]]:
        if not isinstance(value, str):
            raise refuse("Sort must be text", "type", expected="string", received=shown(value))
        pairs = [self._parse(item) for item in value.split(",")]
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise refuse("Sort names a field twice", "unique", received=shown(value))
        return pairs

    def _parse(self, item: str) -> tuple[str, str]:
        name, _, direction = item.strip().partition(":")
        if name not in self.allowed:
            raise refuse(
                f"Sort must be by one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=shown(name),
            )
        if ":" in item and direction not in self.DIRECTIONS:
            raise refuse(
                "Sort goes asc or desc",
                "one_of",
                allowed=self.DIRECTIONS,
                received=shown(direction),
            )
        return name, direction or "asc"


def _not_quickly() -> ValidationError:
    """Make a new one each time: a shared exception gathers the frames of every raise."""
    return ValidationError("something is unusual")


class ListOf(fields.List):
    """A list of objects, each of which may be numbered by its place.

    Args:
        item: the nested field.
        most: how many items are allowed.
        numbered: the item's field that defaults to its place, from 1, and must be unique.
    """

    def __init__(self, item: fields.Nested, *, most: int, numbered: str, **options: Any):
        super().__init__(item, allow_none=True, **options)
        self.most = most
        self.numbered = numbered

    def take(self, value: object) -> list[dict]:
        """Convert a list that breaks no rule; see :meth:`Body.load_quickly`.

        Raises:
            ValidationError: a rule may be broken.
        """
        if type(value) is not list or len(value) > self.most:
            raise _not_quickly()
        items = [self.inner.schema.load_quickly(item) for item in value]
        numbers = set()
        for index, item in enumerate(items):
            if item.get(self.numbered) is None:
                item[self.numbered] = index + 1
            numbers.add(item[self.numbered])
        if len(numbers) < len(items):
            raise _not_quickly()
        return items

    def cleared(self) -> list[dict]:
        """Return what null makes of the list in a change."""
        return []

    def faults(self, value: object, path: str) -> Iterator[Fault]:
        """Yield every broken rule; see :meth:`Body.faults`."""
        label = (self.name or "list").capitalize()
        if not isinstance(value, list | tuple):
            message = f"{label} must be a list"
            yield (
                path,
                FaultMessage(message, constraint="type", expected="array", received=shown(value)),
            )
        elif len(value) > self.most:
            message = f"{label} must have at most {self.most} items"
            yield (
                path,
                FaultMessage(
                    message, constraint="max_items", max_items=self.most, received=len(value)
                ),
            )
        else:
            for index, item in enumerate(value):
                yield from self.inner.schema.faults(item, f"{path}[{index}]")
            yield from self._repeated_numbers(value, path)

    def _repeated_numbers(self, items: Sequence[object], path: str) -> Iterator[Fault]:
        field = self.inner.schema.fields[self.numbered]
        seen: set[int] = set()
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                continue
            given = item.get(self.numbered)
            try:
                number = index + 1 if given is None else field.take(given)
            except ValidationError:
                continue
            if number in seen:
                message = f"{self.numbered.replace('_', ' ').capitalize()} must be unique"
                yield (
                    f"{path}[{index}].{self.numbered}",
                    FaultMessage(message, constraint="unique", received=number),
                )
            seen.add(number)


class Body(Schema):
    """Base of what travels in request bodies. An optional field that is null counts as left out.

    In a change (``null_clears``) null clears it instead, or is a fault if the field says
    ``allow_none=False``: it may be left out then, but not be empty.

    The fields are marshmallow's, and so is what documents them; input is loaded with :func:`load`,
    since marshmallow's own way takes a third of a second for the faults that one body can have.
    """

    error_class: type[FaultyInput] = ValidationFailed
    null_clears = False
    unknown_field = FaultMessage("Unknown field", constraint="unknown_field")
    made_field = FaultMessage(
        "Unknown field: the server makes it, so leave it out", constraint="unknown_field"
    )
    server_made: frozenset[str] = frozenset()
    """Names of what answers show and bodies don't take, for a message that says so."""

    not_an_object = FaultMessage("Must be an object", constraint="type", expected="object")

    def load_quickly(self, data: object) -> dict:
        """Load input that breaks no rule.

        Raises:
            ValidationError: a rule may be broken; :meth:`faults` tells which.
        """
        if type(data) is not dict:
            raise _not_quickly()
        values: dict[str, Any] = {}
        left = len(data)
        for name, field in self.fields.items():
            given = data.get(name)
            if name in data:
                left -= 1
            if given is not None:
                values[name] = field.take(given)
            elif field.required:
                raise _not_quickly()
            elif self.null_clears and name in data:
                values[name] = field.cleared()
            elif field.load_default is not missing:
                default = field.load_default
                values[name] = default() if callable(default) else default
        if left or self.faulty_as_a_whole(data):
            raise _not_quickly()
        return values

    def faults(self, data: object, path: str = "") -> Iterator[Fault]:
        """Yield every broken rule: the path of the field, and what is wrong with it.

        Args:
            data: the input as it came.
            path: where in the whole body it stands.
        """
        if not isinstance(data, dict):
            yield path, self.not_an_object
            return
        before = f"{path}." if path else ""
        as_a_whole = self.faulty_as_a_whole(data)
        for name, message in as_a_whole.items():
            yield before + name, message
        for name, field in self.fields.items():
            given = data.get(name)
            if given is not None:
                if name not in as_a_whole:
                    yield from field.faults(given, before + name)
            elif field.required or (self.null_clears and name in data and not field.allow_none):
                yield before + name, field.missing
        for name in data:
            if name not in self.fields:
                is_made = name in self.server_made
                message = self.made_field if is_made else self.unknown_field
                yield before + _shortened(str(name)), message

    def faulty_as_a_whole(self, data: dict) -> dict[str, FaultMessage]:
        """Return what is wrong with fields that can't be judged by themselves, by their names."""
        return {}


class Parameters(Body):
    """Base of query and path parameters."""

    error_class = InvalidParameter
    unknown_field = FaultMessage("Unknown parameter", constraint="unknown_parameter")


def load(schema: Body, data: object) -> dict:
    """Check and convert input.

    Args:
        schema: an instance; make it once, not per call.
        data: the input as it came.

    Returns:
        The values by name, in Python types (``Decimal``, ``date``).

    Raises:
        FaultyInput: the schema's ``error_class``, with every fault at once.
    """
    with suppress(ValidationError):
        return schema.load_quickly(data)
    faults = schema.faults(data)
    listed = islice(faults, MOST_FAULTS)
    told = [fault(path, str(message), **message.details) for path, message in listed]
    raise schema.error_class.of(*told, left_out=sum(1 for _ in faults)) from None
