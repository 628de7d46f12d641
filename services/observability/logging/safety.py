"""Making a log line harmless: it stays one line, moves no cursor, and gives nobody away.

Whatever a client sends may end up in a log, through a path or through a library's message. A
terminal that shows the log must not obey it, a reader must not see two lines where there is one,
and an e-mail or a token does not belong there even if somebody wrote it where none should be.
"""

import io
import re
from collections.abc import Mapping
from typing import TextIO

from structlog.dev import plain_traceback

LONGEST = 1000
"""Characters of each value, and of each line of a traceback."""

EMAIL = "<e-mail>"
TOKEN = "<token>"

# what terminals obey, what readers of lines split at, what turns the direction of writing, and
# halves of characters that no encoding can write
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_EMAIL = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,}", re.ASCII)
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?", re.ASCII)


def harmless(_logger: object, _method: str, line: dict) -> dict:
    """Clean all texts of a line, as structlog calls its processors.

    A traceback keeps its ends of lines.
    """
    return {clean(str(key)): _cleaned_of(key, value) for key, value in line.items()}


def write_traceback(stream: TextIO, exc_info: tuple) -> None:
    """Write a traceback for a terminal, indented, so that none of it looks like a line of its own.

    Unlike structlog's default it leaves the local variables out, and with them passwords.
    """
    written = io.StringIO()
    plain_traceback(written, exc_info)
    stream.write("".join(f"\n    {clean(line)}" for line in written.getvalue().splitlines()))


def clean(text: str) -> str:
    """Return a text with what could do harm spelt out, and nobody's e-mail or token.

    A long one is cut: no message or body belongs into a log as a whole.
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
