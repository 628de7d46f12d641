"""Fields of words from a list."""

from typing import Any

from schemas.constraints import refuse, shown
from schemas.fields.base import RuledField


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
