"""Cells to numbers, with decimal points or commas."""

import re
from decimal import Decimal, InvalidOperation

TWO_DECIMALS = Decimal("0.01")

_GROUPED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"),
}
"""Numbers with separators of thousands, by the decimal mark."""

_DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
"""``1,500`` may be 1500 and 1.5."""

_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0*)?")
"""Also ``1.0``, as spreadsheets and data frames write it in a column that has empty cells."""

_NOTHING = {"na", "n/a", "nan", "null", "none", "-"}
"""What R, pandas and people write for a number that is not there."""

_LONGEST = 60
"""Characters of a number; a binary fraction that is written in full has fewer."""

_MOST_DIGITS = 12
"""Before the decimal mark, and zeros behind it: nothing that is lifted or run needs more."""

_SPACES = re.compile(r"[\s\u00a0\u202f']+")


def is_doubtful(cell: str) -> bool:
    """Return whether the mark in a cell may be a decimal one or one of thousands."""
    return _DOUBTFUL.fullmatch(cell.strip()) is not None


def decimal_mark(cell: str) -> str | None:
    """Return the decimal mark that a number shows, ``.`` or ``,``, if it does.

    Of both marks the last is the decimal one; one that stands twice is none.
    """
    point, comma = cell.rfind("."), cell.rfind(",")
    if point == comma or is_doubtful(cell):
        return None
    last, other = (".", ",") if point > comma else (",", ".")
    return other if cell.count(last) > 1 else last


def number(cell: str, mark: str = ".") -> Decimal | None:
    """Return the number of a cell; None if it is none. An empty cell is none, too.

    Args:
        cell: such as ``102.5``, ``102,5``, ``1 250,0``; with the wrong mark it is no number.
        mark: the decimal mark.
    """
    text = cell.strip()
    if len(text) > _LONGEST:
        return None
    if not text.isascii() or not text.isdigit():
        text = _SPACES.sub("", text).replace("\u2212", "-")
        if _GROUPED[mark].fullmatch(text):
            text = text.replace("," if mark == "." else ".", "")
        if mark == ",":
            if "." in text:
                return None
            text = text.replace(",", ".")
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or found.adjusted() > _MOST_DIGITS:
        return None
    # calculating with noise such as 1e-999999 would fail
    return found if found.adjusted() >= -_MOST_DIGITS else Decimal(0)


def whole(cell: str) -> int | None:
    """Return the whole number of a cell of digits; None if it is none."""
    found = _WHOLE.fullmatch(cell)
    return int(found[1]) if found else None


def is_nothing(cell: str) -> bool:
    """Return whether a cell says in words that there is no number."""
    return cell.strip().casefold() in _NOTHING


def is_given(cell: str) -> bool:
    """Return whether a cell has anything but words for nothing, and zeros, which apps write."""
    return bool(cell.strip("0., ")) and not is_nothing(cell)


def rounded(value: Decimal) -> Decimal:
    """Return a number with 2 decimals at most: more are noise of binary fractions, or of a unit."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -2:
        return value
    return value.quantize(TWO_DECIMALS)


def nearest_half(value: Decimal) -> Decimal:
    """Return the nearest multiple of one half; of two as near the even one."""
    return (value * 2).quantize(Decimal(1)) / 2
