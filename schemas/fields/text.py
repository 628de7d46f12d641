"""Fields of text."""

from typing import Any

from email_validator import EmailNotValidError, validate_email

from schemas.constraints import UNSENDABLE, refuse, shown
from schemas.fields.base import RuledField
from schemas.passwords import MOST_BYTES, normalised


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
        if UNSENDABLE.search(value):
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
