"""One form of a password for all the ways in which keyboards spell the same text."""

import unicodedata

MOST_BYTES = 72
"""What bcrypt reads of a password."""

_MOST_CHARACTERS = 2 * MOST_BYTES
"""The usual form has at least two bytes for three characters, so that more are too long in any."""

_WIDTHS = ("<wide>", "<narrow>")


def normalised(password: str) -> str:
    """Return a password as it is compared and hashed.

    It is RFC 8265's OpaqueString (any space is U+0020, then normal form C), and beside that
    full-width and half-width characters are the usual ones, as in that RFC's user names: East
    Asian keyboards change between them unseen.

    Args:
        password: any text. One that is too long in any form comes back as it is, since putting
            accents in order takes the square of their number.
    """
    if password.isascii() or len(password) > _MOST_CHARACTERS:
        return password
    return unicodedata.normalize("NFC", "".join(map(_usual, password)))


def _usual(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    kind, _, code = unicodedata.decomposition(character).partition(" ")
    return chr(int(code, 16)) if kind in _WIDTHS else character
