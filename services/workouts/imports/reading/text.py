"""Bytes to lines of text: which encoding a file has, and decoding it as a stream."""

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from services.workouts.imports.reading.findings import Finding, Unreadable

Chunks = Iterable[bytes]
Open = Callable[[], Chunks]
"""Returns the file from its beginning, in chunks of any size."""

WESTERN = "cp1252"
"""Latin-1, and what Windows has in its unused places."""

# the longer one first: UTF-8's is none of the others' beginning
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ARCHIVES = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip"}
_SAMPLE = 4096
_MOST_STRANGE = 1000
_SYMBOL_IN_WORD = re.compile(r"[^\W\d_][¡-¿×÷][^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")


def encoding_of(chunks: Chunks) -> str:
    """Return the name of a file's encoding: UTF-8, UTF-16 or Windows' Western one.

    Raises:
        Unreadable: it is none of these, or no text.
    """
    lines = _byte_lines(chunks)
    head = next(lines, b"")
    for mark, name in _ARCHIVES.items():
        if head.startswith(mark):
            raise Unreadable(_no_text(f"This is a {name} file; unpack it, and send the CSV in it"))
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    sixteen = _utf_16_without_mark(head)
    return sixteen or _eight_bit_encoding(head, lines)


def lines_of(chunks: Chunks, encoding: str) -> Iterator[str]:
    """Yield the lines of a file with their ends, which csv needs inside quotes.

    Raises:
        Unreadable: bytes are not of this encoding.
    """
    text = io.TextIOWrapper(io.BufferedReader(_Raw(chunks)), encoding, newline="")
    read = 0
    try:
        for line in text:
            read += 1
            yield line
    except UnicodeError as problem:
        raise Unreadable(_undecodable(read + 1)) from problem


def _byte_lines(chunks: Chunks) -> Iterator[bytes]:
    yield from io.BufferedReader(_Raw(chunks))


def _utf_16_without_mark(head: bytes) -> str | None:
    """Return which UTF-16 it is, by the zeros of its Latin letters."""
    sample = head[:_SAMPLE]
    if len(sample) >= 4:
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if sample[first::2].count(0) > len(sample) // 4:
                return encoding
    return None


def _eight_bit_encoding(head: bytes, lines: Iterator[bytes]) -> str:
    strange: list[bytes] = []
    first_strange, has_utf_8 = 0, False
    for number, line in enumerate(_with(head, lines), 1):
        if line.isascii():
            if b"\0" in line:
                raise Unreadable(
                    _no_text(f"This is no text: line {number} has a zero byte", number)
                )
            continue
        try:
            line.decode("utf-8")
            has_utf_8 = True
        except UnicodeDecodeError:
            first_strange = first_strange or number
            strange = [*strange, line] if len(strange) < _MOST_STRANGE else strange
    if not strange:
        return "utf-8"
    if has_utf_8 or not _is_western(strange):
        raise Unreadable(_undecodable(first_strange))
    return WESTERN


def _with(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _is_western(lines: Iterable[bytes]) -> bool:
    """Return whether lines make sense in Windows' Western encoding.

    There, letters with accents stand among letters without. Of Cyrillic, Greek and Asian encodings
    whole words become letters with accents, of Polish ones symbols stand inside of words. Detectors
    that count letters need more text: charset-normalizer takes ``Klimmzüge`` for Cyrillic.
    """
    try:
        text = b"".join(lines).decode(WESTERN)
    except UnicodeDecodeError:
        return False
    accented = [word for word in _WORD.findall(text) if not word.isascii()]
    plain = sum(letter.isascii() for word in accented for letter in word)
    return not _SYMBOL_IN_WORD.search(text) and plain >= sum(map(len, accented)) - plain


def _no_text(message: str, line: int = 0) -> Finding:
    return Finding(line, "", message, "text")


def _undecodable(line: int) -> Finding:
    message = (
        f"Line {line} is neither UTF-8 nor UTF-16 nor Latin-1; save the file as CSV in UTF-8, and "
        "send it again"
    )
    return Finding(line, "", message, "encoding")


class _Raw(io.RawIOBase):
    """A file of chunks."""

    def __init__(self, chunks: Chunks):
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer, and return how many bytes that was; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        target = memoryview(buffer)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
