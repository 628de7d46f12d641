"""Text of others on a terminal."""


def printable(text: str) -> str:
    """Return a text without what controls a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
