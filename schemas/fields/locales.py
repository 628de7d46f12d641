"""Fields of languages and regions."""

import re

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField

_SHAPE = re.compile("[a-z]{2,8}(-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)


class Locale(BaseField):
    """A language tag in the shape of BCP 47, such as ``de`` or ``pt-BR``; an empty one is null.

    It loads in the usual capitals. Whether there is such a language is not asked: what an operating
    system says is taken, and whoever shows something takes the nearest that it has.
    """

    LONGEST = 35
    EXAMPLE = "pt-BR"

    def _deserialize(self, value: object, *_: object, **__: object) -> str | None:
        tag = self._require_text(value).strip()
        if not tag:
            return None
        if len(tag) > self.LONGEST:
            raise validation_error(
                f"{self.label} must be at most {self.LONGEST} characters",
                "max_length",
                max_length=self.LONGEST,
                received=len(tag),
            )
        if not _SHAPE.fullmatch(tag):
            raise validation_error(
                f"{self.label} must be a language tag, such as de or {self.EXAMPLE}",
                "locale",
                received=excerpt(value),
            )
        return _in_usual_capitals(tag)


def _in_usual_capitals(tag: str) -> str:
    """Return a tag as RFC 5646 recommends it: ``zh-Hant-TW``."""
    language, *others = tag.lower().split("-")
    parts = [language]
    for part in others:
        # what follows a part of one character is an extension, all in lower case
        if len(parts[-1]) == 1 or any(len(each) == 1 for each in parts[1:]):
            parts.append(part)
        elif len(part) == 2:
            parts.append(part.upper())
        else:
            parts.append(part.title() if len(part) == 4 and part.isalpha() else part)
    return "-".join(parts)
