"""Fields of words: of one that is chosen freely, and of lists."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from marshmallow import ValidationError

from schemas.constraints import FieldError, Violation, excerpt, validation_error
from schemas.fields.base import BaseField
from schemas.fields.choices import OneOf
from schemas.fields.text import Text


class Word(Text):
    """A word, or several, in lower case; without a comma, which separates words in a query."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str | None:
        text = super()._deserialize(value)
        if text is None:
            return None
        if "," in text:
            raise validation_error(
                f"{self.label} must not have a comma", "characters", received=excerpt(value)
            )
        word = " ".join(text.lower().split())
        # some letters are two in lower case
        self._check_length(word)
        return word


class _WordList(BaseField):
    """A list of words, of which each counts once.

    Args:
        word: the field of one.
        max_items: how many are allowed.
    """

    def __init__(self, word: BaseField, max_items: int, **options: Any):
        super().__init__(**options)
        self.word = word
        self.max_items = max_items

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        self.word.name = field_name

    def _deserialize(self, value: object, *_: object, **__: object) -> list[str]:
        return list(dict.fromkeys(map(self.word.convert, self._require_list(value))))

    def errors_in(self, value: object, path: str) -> Iterator[FieldError]:
        """Yield every violation, with the path of the word; see :meth:`Body.errors_in`."""
        try:
            items = self._require_list(value)
        except ValidationError as problem:
            for message in problem.messages:
                # our fields raise nothing but violations
                yield path, cast(Violation, message)
            return
        for index, item in enumerate(items):
            yield from self.word.errors_in(item, f"{path}[{index}]")

    def _require_list(self, value: object) -> list[object]:
        if not isinstance(value, list | tuple):
            raise validation_error(
                f"{self.label} must be a list", "type", expected="array", received=excerpt(value)
            )
        if len(value) > self.max_items:
            raise validation_error(
                f"{self.label} must have at most {self.max_items} items",
                "max_items",
                max_items=self.max_items,
                received=len(value),
            )
        return list(value)


class Words(_WordList):
    """A list of words that are chosen freely.

    Args:
        max_items: how many are allowed.
        max_length: of each.
        clears_to_null: whether null in a change makes it null, and not the empty list.
    """

    def __init__(
        self, *, max_items: int, max_length: int, clears_to_null: bool = False, **options: Any
    ):
        super().__init__(Word(max_length=max_length, required=True), max_items, **options)
        self.max_length = max_length
        self.clears_to_null = clears_to_null

    def value_when_cleared(self) -> list[str] | None:
        """Return what null makes of it in a change."""
        return None if self.clears_to_null else []


class SomeOf(_WordList):
    """A list of allowed words, at least one."""

    def __init__(self, allowed: Sequence[str], **options: Any):
        super().__init__(OneOf(list(allowed), required=True), len(allowed), **options)
        self.allowed = list(allowed)

    def _require_list(self, value: object) -> list[object]:
        items = super()._require_list(value)
        if not items:
            raise validation_error(f"{self.label} must not be empty", "required", received="list")
        return items
