"""The text of one value to what it means: exact numbers, and nothing that could be read twice."""

import json
import re
from collections import Counter
from typing import Any

from services.transport.exact_numbers import NotJson, read_integer, read_number, refuse_constant

MOST_VALUES = 16_000
"""Members and items in all; a workout with 1,000 sets that has every field has 14,000."""

_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def parse(text: bytes) -> Any:
    """Return the value of a JSON text.

    Args:
        text: in UTF-8, and not deeply nested.

    Raises:
        NotJson: it is none, or has more than :data:`MOST_VALUES`, a key twice, or a number that
            can't be read.
        UnicodeDecodeError: it is not in UTF-8.
    """
    if _count(text) > MOST_VALUES and _count(_TEXTS.sub(b"", text)) > MOST_VALUES:
        raise NotJson(f"There are more than {MOST_VALUES} values")
    decoded = text.decode("utf-8")
    try:
        return json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_constant=refuse_constant,
            parse_int=read_integer,
            parse_float=read_number,
        )
    except json.JSONDecodeError as problem:
        found = decoded[problem.pos : problem.pos + 20]
        raise NotJson(f"This is no JSON: {problem.msg}, before {found!r}") from None


def _count(text: bytes) -> int:
    # a value follows a comma, or a bracket if it is the first of its object or list
    return len(text) - len(text.translate(None, b",{["))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise NotJson(f"The member {twice[:50]!r} is there twice")
    return value
