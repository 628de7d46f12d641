"""Tokens of the links in mails: at random, and stored as hashes only."""

import hashlib
import secrets
from typing import NamedTuple

BYTES = 32


class LinkToken(NamedTuple):
    """A new token.

    Attributes:
        text: goes into the link, and is kept nowhere.
        hash: is stored.
    """

    text: str
    hash: bytes


def make_token() -> LinkToken:
    """Make a token that nobody can guess."""
    text = secrets.token_urlsafe(BYTES)
    return LinkToken(text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Return the hash of a token, or of anything that is sent as one.

    SHA-256, without salt or cost, is enough for 256 random bits.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
