"""Fields of several ids, and of ids that clients make."""

import re
from typing import Any

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField
from schemas.limits import LARGEST_ID

_DIGITS = re.compile(r"\d{1,19}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Uuid(BaseField):
    """A UUID in groups of hexadecimal digits, of any version; loads in lower case."""

    EXAMPLE = "018f4d0a-7c3e-7b52-9f14-3a5f0c9d2e61"

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = self._require_text(value).strip().lower()
        if not _UUID.fullmatch(text):
            raise validation_error(
                f"{self.label} must be a UUID, such as {self.EXAMPLE}",
                "uuid",
                received=excerpt(value),
            )
        return text


class Identifiers(BaseField):
    """Ids separated by commas, or a list of them; loads as a list of each once, in order.

    Args:
        max_items: how many are allowed.
    """

    def __init__(self, *, max_items: int, **options: Any):
        super().__init__(**options)
        self.max_items = max_items

    def _deserialize(self, value: object, *_: object, **__: object) -> list[int]:
        given = value if isinstance(value, list) else self._require_text(value).split(",")
        if len(given) > self.max_items:
            raise validation_error(
                f"{self.label} must have at most {self.max_items} items",
                "max_items",
                max_items=self.max_items,
                received=len(given),
            )
        return list(dict.fromkeys(map(self._identifier, given)))

    def _identifier(self, given: object) -> int:
        text = str(given).strip()
        if not text:
            message = f"{self.label} has an empty item"
            raise validation_error(message, "min_length", required=1, received=0)
        if isinstance(given, bool) or not _DIGITS.fullmatch(text):
            raise validation_error(
                f"{self.label} must be whole numbers from 1, separated by commas",
                "type",
                expected="integer",
                received=excerpt(text),
            )
        found = int(text)
        if found < 1:
            message = f"{self.label} must be at least 1"
            raise validation_error(message, "min", min_value=1, received=found)
        if found > LARGEST_ID:
            message = f"{self.label} must be at most {LARGEST_ID}"
            raise validation_error(message, "max", max_value=LARGEST_ID, received=excerpt(found))
        return found
