"""Text for a terminal."""


def printable(text: str) -> str:
    """Return a text without what controls a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def counted(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 workout`` or ``1,200 workouts``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
