"""Bytes of JSON to the members of its object, one after the other, in bounded memory.

Only where values begin and end is found out here; what is between is parsed elsewhere. The items of
one member, which is a list, come by themselves.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from services.workouts.imports.reading.findings import Finding, Unreadable
from services.workouts.imports.reading.text import Chunks

LARGEST = 5 * 1024 * 1024
"""Bytes of a value: of a workout with a thousand sets that all have the longest notes."""

LONGEST_TEXT = 128 * 1024
"""Bytes of a string, as it is written."""

DEEPEST = 32
"""Levels of lists and objects; a workout has five."""

MOST_MEMBERS = 100
"""Of the object itself."""

_PART = re.compile(rb'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+")|[{}\[\]"]', re.DOTALL)
_SCALAR_END = re.compile(rb"[\s,\]}]")
_SPACE = re.compile(rb"[ \t\r\n]*")
_MARK = b"\xef\xbb\xbf"
_OPEN, _QUOTE = b"{[", b'"'
_QUOTED = 20
"""Bytes of what is no JSON that a finding quotes."""


class Value(NamedTuple):
    """A member of the object, or an item of its list: the line that it begins in, and its text."""

    line: int
    name: str
    text: bytes


class Scanner:
    """Goes through one file.

    Args:
        chunks: its bytes.
        items_of: the name of the member whose items are to come by themselves.
    """

    def __init__(self, chunks: Chunks, items_of: str):
        self._chunks = iter(chunks)
        self._items_of = items_of
        self._held = bytearray()
        self._place = 0
        self.line = 1

    def values(self) -> Iterator[Value]:
        """Yield the members of the object and, in place of one of them, its items.

        Raises:
            Unreadable: it is no object, or no JSON; or a value is too large.
        """
        self._hold(len(_MARK))
        if self._held.startswith(_MARK):
            self._take(len(_MARK))
        self._expect(b"{", "an object")
        yield from self._members()
        if self._peek():
            self._refuse("the end of the file")

    def _members(self) -> Iterator[Value]:
        for count in self._separated(b"}"):
            if count > MOST_MEMBERS:
                message = f"The object must have at most {MOST_MEMBERS} members"
                raise Unreadable(Finding(self.line, "", message, "max_items"))
            line, text = self.line, self._value(_QUOTE, "the name of a member")
            name = text[1:-1].decode("utf-8", "replace")
            self._expect(b":", "a colon")
            if name == self._items_of and self._peek() == b"[":
                self._take(1)
                for _ in self._separated(b"]"):
                    line = self.line
                    yield Value(line, name, self._value())
                # also of an empty list: that it is there
                yield Value(line, name, b"")
            else:
                yield Value(line, name, self._value())

    def _separated(self, end: bytes) -> Iterator[int]:
        """Yield once before each of several values with commas between them, up to an end."""
        count = 0
        while count or self._peek() != end:
            count += 1
            self._peek()
            yield count
            if self._peek() == end:
                break
            self._expect(b",", f"a comma or {end.decode()}")
        self._take(1)

    def _value(self, begins: bytes = b"", expected: str = "a value") -> bytes:
        """Take the next value, and return its text."""
        first = self._peek()
        if not first or first in b",:]}" or (begins and first != begins):
            self._refuse(expected)
        if first in _OPEN or first == _QUOTE:
            return self._take(self._length_of_parts())
        return self._take(self._length_of_scalar())

    def _length_of_parts(self) -> int:
        """Return how long the list, object or string is that comes next."""
        depth, length = 0, 0
        while True:
            held = len(self._held) - self._place
            for found in _PART.finditer(self._held, self._place + length):
                if found.lastgroup == "text":
                    if not depth:
                        return found.end() - self._place
                    continue
                part = found[0]
                if part == _QUOTE:
                    # the beginning of a string that goes on in the next chunk
                    held = found.start() - self._place
                    break
                depth += 1 if part in _OPEN else -1
                if not depth:
                    return found.end() - self._place
                if depth > DEEPEST:
                    self._refuse_size(f"It is nested more than {DEEPEST} deep")
            length = held
            if len(self._held) - self._place - length > LONGEST_TEXT:
                self._refuse_size(f"A text must have at most {LONGEST_TEXT} bytes")
            self._more()

    def _length_of_scalar(self) -> int:
        while True:
            end = _SCALAR_END.search(self._held, self._place)
            if end:
                return end.start() - self._place
            if len(self._held) - self._place > LONGEST_TEXT:
                self._refuse("a value")
            self._more()

    def _peek(self) -> bytes:
        """Go to the next byte that is no space, and return it; empty at the end."""
        while True:
            space = _SPACE.match(self._held, self._place)
            if space:
                self._take(space.end() - self._place)
            if self._place < len(self._held):
                return bytes(self._held[self._place : self._place + 1])
            if not self._fill():
                return b""

    def _hold(self, length: int) -> None:
        """Hold so many bytes, if there are."""
        while len(self._held) - self._place < length and self._fill():
            pass

    def _expect(self, text: bytes, name: str) -> None:
        if self._peek() != text:
            self._refuse(name)
        self._take(1)

    def _take(self, length: int) -> bytes:
        text = bytes(self._held[self._place : self._place + length])
        self.line += text.count(b"\n")
        self._place += length
        return text

    def _more(self) -> None:
        if len(self._held) - self._place > LARGEST:
            self._refuse_size(f"A workout must have at most {LARGEST} bytes")
        if not self._fill():
            self._refuse_end()

    def _fill(self) -> bool:
        """Hold a further chunk; return False if there is none."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        del self._held[: self._place]
        self._held += chunk
        self._place = 0
        return True

    def _refuse(self, expected: str) -> NoReturn:
        self._hold(_QUOTED)
        rest = bytes(self._held[self._place : self._place + _QUOTED])
        if not rest:
            self._refuse_end()
        message = f"This is no JSON in line {self.line}: expected {expected}"
        raise Unreadable(Finding(self.line, "", message, "json", rest.decode("utf-8", "replace")))

    def _refuse_end(self) -> NoReturn:
        line = self.line + self._held.count(b"\n", self._place)
        message = "The file is broken off: it ends before its JSON does"
        raise Unreadable(Finding(line, "", message, "json"))

    def _refuse_size(self, message: str) -> NoReturn:
        raise Unreadable(Finding(self.line, "", message, "max_length"))
