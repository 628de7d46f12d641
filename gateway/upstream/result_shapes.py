"""Result shapes: what a route relies on in the result of an RPC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


@dataclass(frozen=True)
class Shape:
    """One of JSON's types, and of an object the fields that must be in it, with their shapes."""

    kind: type[Any]
    fields: Mapping[str, "Shape"] = field(default_factory=dict)

    def problem(self, value: Any, place: str = "the result") -> str | None:
        """Return what is wrong with a value, for the log; None if nothing is."""
        if type(value) is not self.kind:
            return f"{place} is {_name(value)}, not {_NAMES[self.kind]}"
        for name, shape in self.fields.items():
            if name not in value:
                return f"{place} has no {name}"
            problem = shape.problem(value[name], name)
            if problem:
                return problem
        return None


def _name(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)


def object_with(**fields: Shape) -> Shape:
    """Return the shape of an object with these fields, and perhaps others."""
    return Shape(dict, fields)


OBJECT = Shape(dict)
LIST = Shape(list)
STRING = Shape(str)
INTEGER = Shape(int)
BOOLEAN = Shape(bool)
PAGE = object_with(items=LIST, total=INTEGER)
"""A page of a collection: its items, and how many there are on all pages."""
