"""Fields of words from a list: one of them, any of them, or an order by them."""

from typing import Any

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField


class OneOf(BaseField):
    """One of the allowed words.

    Args:
        aliases: other spellings, and the allowed word that each stands for.
    """

    def __init__(
        self, allowed: list[str], *, aliases: dict[str, str] | None = None, **options: Any
    ):
        super().__init__(**options)
        self.allowed = allowed
        self.aliases = aliases or {}

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise validation_error(
                f"{self.label} must be text", "type", expected="string", received=excerpt(value)
            )
        word = self.aliases.get(value.strip(), value.strip())
        if word not in self.allowed:
            raise validation_error(
                f"{self.label} must be one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=excerpt(value),
            )
        return word


class AnyOf(BaseField):
    """Words separated by commas, any of which may match; case does not matter."""

    MOST_WORDS = 100

    def __init__(self, allowed: list[str] | None = None, **options: Any):
        super().__init__(**options)
        self.allowed = allowed

    def _deserialize(self, value: object, *_: object, **__: object) -> list[str]:
        if isinstance(value, list):
            value = ",".join(map(str, value))
        value = self._require_text(value)
        words = [word.strip().lower() for word in value.split(",")]
        if len(words) > self.MOST_WORDS:
            message = f"{self.label} must have at most {self.MOST_WORDS} items"
            raise validation_error(
                message, "max_items", max_items=self.MOST_WORDS, received=len(words)
            )
        if not all(words):
            message = f"{self.label} has an empty item"
            raise validation_error(message, "min_length", required=1, received=0)
        unknown = [word for word in words if self.allowed and word not in self.allowed]
        if self.allowed and unknown:
            raise validation_error(
                f"{self.label} must be one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=excerpt(unknown[0]),
            )
        return list(dict.fromkeys(words))


class Sort(BaseField):
    """``field[:asc|desc][,…]`` over the allowed fields; loads as pairs of field and direction."""

    DIRECTIONS = ["asc", "desc"]

    def __init__(self, allowed: list[str], **options: Any):
        super().__init__(**options)
        self.allowed = allowed

    def _deserialize(self, value: object, *_: object, **__: object) -> list[tuple[str, str]]:
        if not isinstance(value, str):
            raise validation_error(
                "Sort must be text", "type", expected="string", received=excerpt(value)
            )
        pairs = [self._parse(item) for item in value.split(",")]
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise validation_error("Sort names a field twice", "unique", received=excerpt(value))
        return pairs

    def _parse(self, item: str) -> tuple[str, str]:
        name, _, direction = item.strip().partition(":")
        if name not in self.allowed:
            raise validation_error(
                f"Sort must be by one of: {', '.join(self.allowed)}",
                "one_of",
                allowed=self.allowed,
                received=excerpt(name),
            )
        if ":" in item and direction not in self.DIRECTIONS:
            raise validation_error(
                "Sort goes asc or desc",
                "one_of",
                allowed=self.DIRECTIONS,
                received=excerpt(direction),
            )
        return name, direction or "asc"
