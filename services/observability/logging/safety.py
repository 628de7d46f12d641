"""Sanitizing of log lines: no control characters, no line breaks, no e-mails, no tokens.

Anything that a client sends may end up in the log, by a path or by a library's message. It must not
control the terminal that shows the log nor forge a second line; and e-mails and tokens are removed
even where a client put them into a path.
"""

import io
import re
from collections.abc import Mapping
from typing import TextIO

from structlog.dev import plain_traceback

LONGEST = 1000
"""In characters: of each value, and of each line of a traceback."""

EMAIL = "<e-mail>"
TOKEN = "<token>"

# control characters, line separators, marks that change the direction of text, and lone surrogates,
# which UTF-8 can't encode
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_EMAIL = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,}", re.ASCII)
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?", re.ASCII)


def harmless(_logger: object, _method: str, line: dict) -> dict:
    """Clean all texts of a line; a structlog processor. A traceback keeps its line breaks."""
    return {clean(str(key)): _cleaned_of(key, value) for key, value in line.items()}


def write_traceback(stream: TextIO, exc_info: tuple) -> None:
    """Write a traceback for a terminal, indented, so that no part of it looks like a log line.

    structlog's default formatter may show local variables, and with them passwords.
    """
    written = io.StringIO()
    plain_traceback(written, exc_info)
    stream.write("".join(f"\n    {clean(line)}" for line in written.getvalue().splitlines()))


def clean(text: str) -> str:
    """Return a text with control characters escaped, and e-mails and tokens replaced.

    It is cut at ``LONGEST`` characters: whole messages and bodies don't belong in a log.
    """
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    if not (text.isascii() and text.isprintable()):
        text = _HARMFUL.sub(_spelt_out, text)
    if "eyJ" in text:
        text = _TOKEN.sub(TOKEN, text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(EMAIL, text)
    return text


def _cleaned_of(key: object, value: object) -> object:
    if key == "exc_info":
        return value
    if key == "exception" and isinstance(value, str):
        return "\n".join(map(clean, value.split("\n")))
    return _cleaned(value)


def _cleaned(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(item) for item in value]
    return clean(str(value))


def _spelt_out(match: re.Match) -> str:
    return match[0].encode("unicode_escape").decode()
