"""Plain text from wger's HTML, which anybody may edit, so that it may be anything."""

import re
import unicodedata
from html.parser import HTMLParser

LONGEST_HTML = 50_000
LONGEST_TEXT = 10_000
LONGEST_NAME = 200

_PARAGRAPHS = re.compile("p|div|h[1-6r]|blockquote|pre|section|article|table|dl")
_LINES = frozenset({"br", "tr", "dt", "dd"})
_LISTS = frozenset({"ul", "ol"})
_SILENT = frozenset({"script", "style"})
_DEEPEST = 5

_TAGS = re.compile(
    r"</?(?:a|b|br|div|em|h[1-6]|i|li|ol|p|script|span|strong|style|u|ul)\b[^<>]*>", re.IGNORECASE
)
_ANY_TAG = re.compile(r"<[^<>]*>?")
# controls, lone surrogates, and marks that are invisible but make equal names differ
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\ufeff\ud800-\udfff]"
)
_STRAY_BEFORE = " \t|,;:.*_/\\~=-\N{EN DASH}\N{EM DASH}\N{BULLET})]}"
_STRAY_AFTER = " \t|,;:.*_/\\~=-\N{EN DASH}\N{EM DASH}\N{BULLET}([{"

_CAPITALS = re.compile("[BDK]B|BW|[ES]Z|GH[DR]|JM|OHP|S?[RL]?DL|TRX|YTW|ITW|I{1,3}|IV")
"""Abbreviations, which stay in capitals."""


def plain_text(html: object, longest: int = LONGEST_TEXT) -> str:
    """Return HTML as text, with blank lines between paragraphs and one line for each list item.

    Args:
        html: anything; what is not a string gives no text.
        longest: characters after which the text is cut.
    """
    if not isinstance(html, str):
        return ""
    text = _read(html[:LONGEST_HTML])
    if _TAGS.search(text):
        # some old entries are escaped twice
        text = _read(text)
    return _cut(text, longest)


def one_line(html: object, longest: int = LONGEST_NAME) -> str:
    """Return HTML as one line of text with single spaces."""
    return _cut(" ".join(plain_text(html).split()), longest)


def tidy_name(html: object) -> str:
    """Return the name of an exercise in our spelling, empty if there is none.

    Without stray punctuation at its ends, beginning with a capital, and not all in capitals.
    """
    name = one_line(html).lstrip(_STRAY_BEFORE).rstrip(_STRAY_AFTER)
    if not any(letter.isalnum() for letter in name):
        return ""
    if name.isupper():
        name = " ".join(_in_lower_case(word) for word in name.split(" "))
    return name[0].upper() + name[1:]


def _in_lower_case(word: str) -> str:
    return word if _CAPITALS.fullmatch(word) else word[0] + word[1:].lower()


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    whole_words = text[: longest - 1].rsplit(maxsplit=1)[0]
    return f"{whole_words[: longest - 1]}…"


def _read(html: str) -> str:
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:
        # html.parser raises it for some malformed declarations
        return _clean(_ANY_TAG.sub(" ", html))
    return reader.text()


def _clean(text: str) -> str:
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())


class _Reader(HTMLParser):
    """Collects the lines of the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._pieces: list[str] = []
        self._counters: list[int | None] = []
        self._begins_item = False
        self._begins_paragraph = False
        self._silent: str | None = None

    def text(self) -> str:
        """Return everything that was read."""
        self._end_line()
        return "\n".join(self._lines).strip()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in _SILENT:
            self._silent = tag
        elif tag in _LISTS:
            self._end_line(paragraph=not self._counters)
            self._counters.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._end_line()
            self._begins_item = True
        else:
            self._end_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = None
        elif tag in _LISTS:
            self._end_line()
            if self._counters:
                self._counters.pop()
            self._begins_item = False
            self._begins_paragraph = not self._counters
        elif tag == "li":
            self._end_line()
            self._begins_item = False
        else:
            self._end_block(tag)

    def handle_data(self, data: str) -> None:
        if self._silent is None:
            self._pieces.append(data)

    def _end_block(self, tag: str) -> None:
        if _PARAGRAPHS.fullmatch(tag):
            self._end_line(paragraph=not self._counters)
        elif tag in _LINES:
            self._end_line()

    def _end_line(self, paragraph: bool = False) -> None:
        line = _clean("".join(self._pieces))
        self._pieces = []
        if line:
            if self._begins_paragraph and self._lines:
                self._lines.append("")
            self._lines.append(self._margin() + line)
            self._begins_item = self._begins_paragraph = False
        self._begins_paragraph = self._begins_paragraph or paragraph

    def _margin(self) -> str:
        depth = min(max(len(self._counters), 1), _DEEPEST)
        if not self._begins_item:
            return "  " * depth if self._counters else ""
        mark = "- "
        if self._counters and self._counters[-1] is not None:
            self._counters[-1] += 1
            mark = f"{self._counters[-1]}. "
        return "  " * (depth - 1) + mark
