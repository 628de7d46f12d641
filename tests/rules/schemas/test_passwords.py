"""One form of a password for all the ways in which keyboards spell it."""

import sys
import unicodedata

import pytest

from schemas.passwords import MOST_BYTES, normalised

COMPOSED = "Größe-1234"

SPELLINGS = {
    "composed": COMPOSED,
    "decomposed": "Gro\u0308ße-1234",
    "full-width": "Größe－１２３４",
    "full-width and decomposed": "Ｇｒｏ\u0308ßｅ－１２３４",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_all_spellings_are_one_password(spelling):
    assert normalised(spelling) == COMPOSED


@pytest.mark.parametrize(
    ("spelt", "same"),
    [
        ("a\u00a0b\u3000c\u2009d\u202fe", "a b c d e"),
        ("\u3000 edges \u00a0", "  edges  "),
        ("ｶﾞｷﾞ", "ガギ"),
        ("\u1112\u1161\u11ab", "한"),
        ("\u212a\u212b", "KÅ"),
        ("e\u0323\u0301 e\u0301\u0323", "ẹ\u0301 ẹ\u0301"),
    ],
)
def test_spaces_widths_and_accents(spelt, same):
    assert normalised(spelt) == same


@pytest.mark.parametrize(
    "password",
    ["", "plain ASCII", "ﬁ ² ™ ①", "İı ſ", "a\tb\u200bc\u200dd", "🏋🏽‍♀️", "\ud800", "  edges  "],
)
def test_everything_else_stays_as_it_was_typed(password):
    assert normalised(password) == password


@pytest.mark.slow
def test_once_is_enough():
    for character in map(chr, range(sys.maxunicode + 1)):
        once = normalised(character)
        assert normalised(once) == once, hex(ord(character))


def test_what_is_too_long_to_be_put_in_order_is_too_long_in_any_form():
    """Putting accents in order takes the square of their number."""
    most = max(
        len(unicodedata.normalize("NFD", character)) / len(character.encode())
        for character in map(chr, range(sys.maxunicode + 1))
        if not "\ud800" <= character <= "\udfff"
    )
    for text in ("e\u0301" * 24, "\u01d5" * 36, "\u1f82" * 24, "\u0390" * 36):
        longest = unicodedata.normalize("NFD", text)
        assert len(normalised(longest).encode()) <= MOST_BYTES
        assert len(longest) <= most * MOST_BYTES
    marks = "a" + "\u0301\u0316" * 200_000
    assert normalised(marks) == marks
