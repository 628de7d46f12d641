"""Fields of text: names and notes, e-mail addresses, passwords."""

from typing import Any

from email_validator import EmailNotValidError, validate_email

from schemas.constraints import FORBIDDEN_CHARACTERS, excerpt, validation_error
from schemas.fields.base import BaseField
from schemas.passwords import MOST_BYTES, normalised


class Text(BaseField):
    """A string, trimmed. An empty one is null, or too short if there is a ``min_length``."""

    def __init__(
        self, *, max_length: int | None = None, min_length: int | None = None, **options: Any
    ):
        super().__init__(**options)
        self.max_length = max_length
        self.min_length = min_length

    def _deserialize(self, value: object, *_: object, **__: object) -> str | None:
        text = self._require_text(value).strip()
        if not text and not self.min_length:
            if self.required:
                raise validation_error(f"{self.label} is required", "required", received=text)
            return None
        self._check_length(text)
        return text

    def _check_length(self, text: str) -> None:
        if self.min_length is not None and len(text) < self.min_length:
            raise validation_error(
                f"{self.label} must be at least {self.min_length} characters",
                "min_length",
                required=self.min_length,
                received=len(text),
            )
        if self.max_length is not None and len(text) > self.max_length:
            raise validation_error(
                f"{self.label} must be at most {self.max_length} characters",
                "max_length",
                max_length=self.max_length,
                received=len(text),
            )


class Email(Text):
    """An e-mail address, trimmed and in lower case."""

    LONGEST = 254

    def __init__(self, **options: Any):
        super().__init__(max_length=self.LONGEST, **options)

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = super()._deserialize(value) or ""
        try:
            parsed = validate_email(text, check_deliverability=False)
        except EmailNotValidError as problem:
            raise validation_error(
                "Invalid email format", "email", received=excerpt(value)
            ) from problem
        return parsed.normalized.lower()


class Password(BaseField):
    """A password: never trimmed, never shown, within what bcrypt reads.

    It stays as it was typed; its lengths are those of the form that is hashed.
    """

    LEAST_CHARACTERS = 8
    MOST_BYTES = MOST_BYTES

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise validation_error("Password must be text", "type", expected="string")
        if FORBIDDEN_CHARACTERS.search(value):
            raise validation_error("Password holds characters that are not allowed", "characters")
        hashed = normalised(value)
        if len(hashed) < self.LEAST_CHARACTERS:
            raise validation_error(
                f"Password must be at least {self.LEAST_CHARACTERS} characters",
                "min_length",
                required=self.LEAST_CHARACTERS,
                received=len(hashed),
            )
        size = len(hashed.encode())
        if size > self.MOST_BYTES:
            raise validation_error(
                f"Password must be at most {self.MOST_BYTES} bytes",
                "max_length",
                max_length=self.MOST_BYTES,
                received=size,
            )
        return value
