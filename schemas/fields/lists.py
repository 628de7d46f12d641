"""Fields of lists of objects."""

from collections.abc import Iterator, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from schemas.constraints import Fault, FaultMessage, not_quickly, shown


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
            raise not_quickly()
        items = [self.inner.schema.load_quickly(item) for item in value]
        numbers = set()
        for index, item in enumerate(items):
            if item.get(self.numbered) is None:
                item[self.numbered] = index + 1
            numbers.add(item[self.numbered])
        if len(numbers) < len(items):
            raise not_quickly()
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
