"""Fields of lists of objects."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from marshmallow import ValidationError, fields

from schemas.constraints import FieldError, Violation, excerpt, maybe_invalid
from schemas.fields.base import InputField

if TYPE_CHECKING:
    from schemas.loading import Body


class ListOf(InputField, fields.List[Any]):
    """A list of objects that are numbered by their places.

    Args:
        item: the nested field.
        max_items: how many items are allowed.
        numbered_by: the item's field that defaults to its place, from 1, and must be unique.
    """

    def __init__(self, item: fields.Nested, *, max_items: int, numbered_by: str, **options: Any):
        super().__init__(item, allow_none=True, **options)
        self.max_items = max_items
        self.numbered_by = numbered_by

    @property
    def _item_schema(self) -> "Body":
        return cast("Body", cast(fields.Nested, self.inner).schema)

    def convert(self, value: object) -> list[dict[str, Any]]:
        """Convert a valid list; see :meth:`Body.load_valid`.

        Raises:
            ValidationError: it may be invalid.
        """
        if type(value) is not list or len(value) > self.max_items:
            raise maybe_invalid()
        schema = self._item_schema
        items = [schema.load_valid(item) for item in value]
        numbers = set()
        for index, item in enumerate(items):
            if item.get(self.numbered_by) is None:
                item[self.numbered_by] = index + 1
            numbers.add(item[self.numbered_by])
        if len(numbers) < len(items):
            raise maybe_invalid()
        return items

    def value_when_cleared(self) -> list[dict[str, Any]]:
        """Return the empty list, which null makes of it in a change."""
        return []

    def errors_in(self, value: object, path: str) -> Iterator[FieldError]:
        """Yield every violation; see :meth:`Body.errors_in`."""
        label = self.label
        if not isinstance(value, list | tuple):
            message = f"{label} must be a list"
            yield (
                path,
                Violation(message, constraint="type", expected="array", received=excerpt(value)),
            )
        elif len(value) > self.max_items:
            message = f"{label} must have at most {self.max_items} items"
            yield (
                path,
                Violation(
                    message, constraint="max_items", max_items=self.max_items, received=len(value)
                ),
            )
        else:
            for index, item in enumerate(value):
                yield from self._item_schema.errors_in(item, f"{path}[{index}]")
            yield from self._repeated_numbers(value, path)

    def _repeated_numbers(self, items: Sequence[object], path: str) -> Iterator[FieldError]:
        field = self._item_schema.fields[self.numbered_by]
        seen: set[int] = set()
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                continue
            given = item.get(self.numbered_by)
            try:
                number = index + 1 if given is None else field.convert(given)
            except ValidationError:
                continue
            if number in seen:
                message = f"{self.numbered_by.replace('_', ' ').capitalize()} must be unique"
                yield (
                    f"{path}[{index}].{self.numbered_by}",
                    Violation(message, constraint="unique", received=number),
                )
            seen.add(number)
